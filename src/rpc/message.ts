import type { JSONRPCID } from 'json-rpc-2.0';
import { code, RpcError } from './errors.js';

/** JSON-RPC 2.0, section 4: string, number or null; numbers whole here, so that none is rounded. */
export type MessageId = JSONRPCID;

/**
 * Any JSON object that may be a message: nothing about its members is known until a predicate
 * said so. Requests, notifications and responses share it (section 3: both ends may be both).
 */
export interface Message {
  readonly jsonrpc?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** A message whose envelope is good: a call, or a notification when `id` is undefined. */
export interface Request extends Message {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly params?: object | null;
  readonly id?: MessageId;
}

/** Params by position (section 4.2). */
export const isPositional = (params: object): params is readonly unknown[] => Array.isArray(params);

export const isObject = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Whether an id can be answered: a string, a whole number that survives reading and writing, or
 * null (section 4). Fractions "SHOULD NOT" be there; here they must not.
 * @param maxIdBytes longest string in UTF-8; 0 for none
 */
export function isId(id: unknown, maxIdBytes: number): id is MessageId {
  if (typeof id === 'number') return Number.isSafeInteger(id);
  if (typeof id !== 'string') return id === null;
  // A UTF-16 unit is at most 3 bytes: short ids need no count.
  return maxIdBytes === 0 || id.length * 3 <= maxIdBytes || Buffer.byteLength(id) <= maxIdBytes;
}

/** Whether the envelope of section 4 holds: jsonrpc, method, params and id, each of its type. */
export function isRequest(message: Message, maxIdBytes: number): message is Request {
  return message.jsonrpc === '2.0'
    && typeof message.method === 'string'
    && (message.params === undefined || typeof message.params === 'object')
    && (message.id === undefined || isId(message.id, maxIdBytes));
}

/** A response (section 5): exactly one of result and error, and an id. */
export function isResponse(message: Message, maxIdBytes: number): boolean {
  return message.jsonrpc === '2.0'
    && message.method === undefined
    && isId(message.id, maxIdBytes)
    && (message.result === undefined) !== (message.error === undefined)
    && (message.error === undefined || isObject(message.error));
}

/** The id to answer a bad envelope with: its own if it could be one, else null (section 5). */
export const answerableId = (value: unknown, maxIdBytes: number): MessageId =>
  isObject(value) && isId(value.id, maxIdBytes) ? value.id : null;

/** -32600 with what is wrong about the envelope. */
export function envelopeError(value: unknown, maxIdBytes: number): RpcError {
  const invalid = (reason: string, more: { path?: string; limit?: string } = {}) =>
    new RpcError(code.invalidRequest, reason, more);
  if (!isObject(value)) return invalid('not_an_object');
  if (value.jsonrpc !== '2.0') return invalid('jsonrpc_version', { path: '/jsonrpc' });
  if (value.id !== undefined && !isId(value.id, maxIdBytes)) {
    const long = typeof value.id === 'string';
    return invalid('id', long ? { path: '/id', limit: 'maxIdBytes' } : { path: '/id' });
  }
  if (typeof value.method !== 'string') return invalid('method', { path: '/method' });
  return invalid('params', { path: '/params' });
}

const idText = (id: MessageId): string =>
  typeof id === 'number' ? `${id}` : id === null ? 'null' : JSON.stringify(id);

/** An answer's JSON text (section 5), from its result's. */
export const resultText = (id: MessageId, result: string): string =>
  `{"jsonrpc":"2.0","result":${result},"id":${idText(id)}}`;

/** The error object of section 5.1; an RpcError is one. */
export interface ErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** An error answer's JSON text (section 5.1). `data` that JSON cannot say is left out. */
export function errorText(id: MessageId, { code: number, message, data }: ErrorObject): string {
  let body: string;
  try {
    body = JSON.stringify({ code: number, message, data });
  } catch {
    body = JSON.stringify({ code: number, message });
  }
  return `{"jsonrpc":"2.0","error":${body},"id":${idText(id)}}`;
}

/** A notification's JSON text (section 4.1), from its params'. */
export const notificationText = (method: string, params: string): string =>
  `{"jsonrpc":"2.0","method":${JSON.stringify(method)},"params":${params}}`;
