import { RpcError, busy, code } from '../rpc/errors.js';
import { StoreError } from '../store/rooms.js';

/**
 * The answer for a store that failed: nothing happened is -32009, perhaps it did is -32002
 * (architecture.md, trap 4). Everything else is passed on as it is.
 */
export function mapError(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  if (error.fault === 'refused') return busy(error.reason, error.retryAfterMs, error);
  return new RpcError(code.deadline, error.reason, {
    retryAfterMs: error.retryAfterMs, cause: error,
  });
}
