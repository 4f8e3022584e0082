import { readFileSync } from 'node:fs';

function read(): { name: string; version: string } {
  // From dist/src, and from the installed package, the same way up.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const content: unknown = JSON.parse(text);
  const { name, version } = Object(content) as { name?: unknown; version?: unknown };
  return { name: String(name), version: String(version) };
}

/** Name and version as package.json says, once for the log, `server.info` and `--version`. */
export const packageInfo: Readonly<{ name: string; version: string }> = read();
