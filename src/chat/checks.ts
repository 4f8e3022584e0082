import type { Limits } from '../base/limits.js';
import { invalidParams } from '../rpc/errors.js';

// Lengths are configurable, so they are no part of the schemas: the error names the limit.

const loneSurrogate = /\p{Cs}/u;

/** @throws RpcError -32602 where an id or key is longer than the limit in UTF-8 */
export function checkId(limits: Readonly<Limits>, path: string, value: string): void {
  const max = limits.maxIdBytes;
  // A UTF-16 unit is at most 3 bytes: short ids need no count.
  if (max === 0 || value.length * 3 <= max) return;
  if (Buffer.byteLength(value) > max) throw invalidParams(path, 'too_long', 'maxIdBytes');
}

/** @throws RpcError -32602 where a key is longer than the limit in UTF-8 */
export function checkKey(limits: Readonly<Limits>, key: string | undefined): void {
  if (key !== undefined) checkId(limits, '/key', key);
}

function longerThan(text: string, maxCodePoints: number): boolean {
  if (maxCodePoints === 0 || text.length <= maxCodePoints) return false;
  if (text.length > maxCodePoints * 2) return true;
  return [...text].length > maxCodePoints;
}

/**
 * @param maxCodePoints the limit, or the policy's where it is lower; 0 for none
 * @throws RpcError -32602 for a text that is empty, too long or no Unicode text
 */
export function checkText(path: string, text: string, maxCodePoints: number): void {
  if (text.length === 0) throw invalidParams(path, 'empty');
  if (longerThan(text, maxCodePoints)) throw invalidParams(path, 'too_long', 'maxTextCodePoints');
  if (loneSurrogate.test(text)) throw invalidParams(path, 'lone_surrogate');
}

/** @throws RpcError -32602 for a title that is too long or no Unicode text */
export function checkTitle(limits: Readonly<Limits>, title: string | undefined): void {
  if (title === undefined) return;
  if (longerThan(title, limits.maxTitleCodePoints)) {
    throw invalidParams('/title', 'too_long', 'maxTitleCodePoints');
  }
  if (loneSurrogate.test(title)) throw invalidParams('/title', 'lone_surrogate');
}

/**
 * The rows of a page: what was asked for, never more than the limit.
 * @param wanted undefined: `usual`
 * @throws RpcError -32602 naming the limit when more was asked for
 */
export function pageSize(
  limits: Readonly<Limits>, wanted: number | undefined, usual: number,
): number {
  const max = limits.maxHistoryPage === 0 ? 10_000 : limits.maxHistoryPage;
  if (wanted === undefined) return Math.min(usual, max);
  if (wanted > max) throw invalidParams('/limit', 'too_large', 'maxHistoryPage');
  return wanted;
}
