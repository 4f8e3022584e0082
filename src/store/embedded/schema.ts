import { corrupted, decodeText, encodeText } from './codec.js';
import { schemaKey, tagRange } from './keys.js';
import type { Kv } from './kv.js';

/** Grows with each change of what the keys and values mean. */
export const schemaVersion = 1;

const everything = ['\x20', '\xff'] as const;

/**
 * Checks that this program understands the store, and says so in an empty one.
 * @throws Error naming the folder, for a store of a newer program or of another one
 */
export async function checkSchema(kv: Kv, folder: string): Promise<void> {
  const found = versionOf(kv, folder);
  if (found === undefined) {
    await kv.commit([{ key: schemaKey, value: encodeText(`ringpost ${schemaVersion}`) }]);
  }
  // The ends of every kind of key: damage near the root shows at once and not at some call.
  for (const tag of 'hrkoxagfewduyz') {
    kv.range(...tagRange(tag), { limit: 1 });
    kv.range(...tagRange(tag), { limit: 1, reverse: true });
  }
}

/** The version in a store, undefined for an empty one. @throws as {@link checkSchema} */
export function versionOf(kv: Kv, folder: string): number | undefined {
  const bytes = kv.get(schemaKey);
  if (bytes === undefined) {
    if (kv.range(...everything, { limit: 1 }).length === 0) return undefined;
    throw new Error(`the folder ${folder} holds another program's data`);
  }
  const [, digits] = /^ringpost (\d+)$/.exec(decodeText(bytes, 'schema')) ?? [];
  if (digits === undefined) throw corrupted('schema version');
  const version = Number(digits);
  if (version > schemaVersion) {
    throw new Error(`the data in ${folder} has schema version ${version}, and this program knows `
      + `up to ${schemaVersion}: start the newer ringpost that wrote it, or use another folder`);
  }
  return version;
}
