import type { Call, Interceptor } from './method.js';

/** What runs a call whose params were checked. */
export type Run<App> = (call: Call<App>, params: unknown) => unknown;

/**
 * Puts interceptors around a handler, the first outermost. Made once a method, so that a call
 * pays for the functions alone.
 */
export function compose<App>(
  interceptors: readonly Interceptor<App>[], handler: Run<App>,
): Run<App> {
  return interceptors.reduceRight<Run<App>>((next, around) => around(next), handler);
}
