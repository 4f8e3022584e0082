/** Style sheets come into a bundle as text (tools/bundle-web.mjs). */
declare module '*.css' {
  const text: string;
  export default text;
}
