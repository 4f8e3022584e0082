import { createHash } from 'node:crypto';
import type { RoomKey } from '../../base/ids.js';

const hashBytes = 12;

/** Names a call by room, sender and key in 96 bits, so that a key costs little memory (G3). */
export function callHash(room: RoomKey, by: string, key: string): Buffer {
  return createHash('sha1').update(`${room}\0${by}\0${key}`).digest().subarray(0, hashBytes);
}
