/** Whether a failing store or cluster call can have had an effect. */
export type StoreFault =
  /** Nothing happened and nothing will: answer -32009 with the reason. */
  | 'refused'
  /** It may have happened, or may yet: answer -32002. */
  | 'unknown';

/** The one way in which a store, or a shard under it, fails. */
export class StoreError extends Error {
  override readonly name = 'StoreError';

  /**
   * @param fault whether anything can have happened
   * @param reason snake_case, for `error.data.reason`: storage_full, shard_unreachable, fenced …
   * @param retryAfterMs when trying again makes sense
   */
  constructor(
    readonly fault: StoreFault, readonly reason: string, readonly retryAfterMs: number,
    cause?: unknown,
  ) {
    super(`store: ${reason}`, { cause });
  }
}
