/**
 * Waits for a condition, looking again at each turn of the event loop and then every few
 * milliseconds, seldom enough for a call's rate limit: tests wait for the thing, never for time.
 * @param what the condition in words, for the failure
 * @param timeoutMs the test fails after this long: a bound for a loaded machine, not a promise
 */
export async function eventually<T>(
  what: string, condition: () => T | Promise<T>, timeoutMs = 30_000,
): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  for (let turn = 0; ; turn++) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    if (turn < 20) await new Promise<void>((resolve) => { setImmediate(resolve); });
    else await new Promise<void>((resolve) => { setTimeout(resolve, 25); });
  }
}
