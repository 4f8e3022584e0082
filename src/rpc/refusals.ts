import type { AnswerSlot, Reply } from './answers.js';
import { named } from './codec.js';
import { RpcError, code, invalidParams } from './errors.js';
import { isPositional, type MessageId, type Request } from './message.js';
import type { RegisteredMethod } from './registry.js';

/** Gives an answer that no call stands behind. */
export function put(
  slot: AnswerSlot | Reply, index: number, id: MessageId, answer: string | undefined,
): void {
  if (typeof slot === 'function') slot(answer);
  else slot.put(index, id, answer, undefined);
}

/** 429: the bucket is empty. */
export const rateLimited = (retryAfterMs: number): RpcError =>
  new RpcError(code.rateLimited, 'rate', { limit: 'callsPerSecond', retryAfterMs });

/** -32600: an answer to this id could belong to either call. */
export const idInFlight = (): RpcError =>
  new RpcError(code.invalidRequest, 'id_in_flight', { path: '/id' });

/** Params by name, whichever way they came (section 4.2); absent ones are none. */
export function paramsOf<App>(registered: RegisteredMethod<App>, { params }: Request): unknown {
  if (params === undefined || params === null) return {};
  if (!isPositional(params)) return params;
  return named(params, registered.names)
    ?? invalidParams(`/${registered.names.length}`, 'too_many');
}
