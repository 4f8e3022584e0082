import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Script } from './shard-port.js';

const include = /^-- @include (\S+)$/gm;

/** A script of this text; servers keep it under its digest. */
export function scriptOf(name: string, text: string): Script {
  return { name, text, sha: createHash('sha1').update(text).digest('hex') };
}

/**
 * Reads a Lua file, with the files that its lines `-- @include other.lua` name in their place.
 * @param name file name without `.lua`
 * @param folder of the file and of those that it includes, such as
 *   `new URL('./lua/', import.meta.url)`
 */
export function loadScript(name: string, folder: URL): Script {
  const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8')
    .replace(include, (_line, other: string) => read(other));
  return scriptOf(name, read(`${name}.lua`));
}
