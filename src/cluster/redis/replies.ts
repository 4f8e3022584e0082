import type { Reply } from '../shard-port.js';

/** A bulk string or status of a reply as text. */
export function textOf(reply: Reply | undefined): string {
  if (Buffer.isBuffer(reply)) return reply.toString();
  if (typeof reply === 'number') return String(reply);
  throw new TypeError('a shard did not answer with text');
}

export function listOf(reply: Reply | undefined): Reply[] {
  if (Array.isArray(reply)) return reply;
  throw new TypeError('a shard did not answer with a list');
}

export function numberOf(reply: Reply | undefined): number {
  const value = typeof reply === 'number' ? reply : Number(textOf(reply));
  if (Number.isFinite(value)) return value;
  throw new TypeError('a shard did not answer with a number');
}

/** A list of field, value, field, value … */
export function hashOf(reply: Reply | undefined): Map<string, string> {
  const list = listOf(reply);
  const hash = new Map<string, string>();
  for (let i = 0; i + 1 < list.length; i += 2) hash.set(textOf(list[i]), textOf(list[i + 1]));
  return hash;
}
