import type { IdSource } from '../base/ids.js';
import type { Logger } from '../base/log.js';
import { code, RpcError } from './errors.js';

/**
 * The application's own errors as answers: an RpcError for those that it knows, anything else for
 * those that it doesn't.
 */
export type MapError = (error: unknown) => unknown;

/**
 * Makes an answer of whatever was thrown: the one place where that happens. What nobody knows
 * becomes -32603 with a fixed message and an id that stands in the log beside the cause, so that
 * nothing of the internals shows.
 */
export function createErrorMapper(
  log: Logger, ids: IdSource, mapError: MapError = (error) => error,
): (error: unknown, method: string) => RpcError {
  return (error, method) => {
    if (error instanceof RpcError) return error;
    let mapped: unknown = error;
    try {
      mapped = mapError(error);
    } catch (fault) {
      mapped = new AggregateError([error, fault], 'mapping an error failed');
    }
    if (mapped instanceof RpcError) return mapped;
    const errorId = ids(9);
    log.error({ err: mapped, errorId, method }, 'a call failed in a way nobody expected');
    return new RpcError(code.internal, 'internal', { errorId, cause: error });
  };
}
