/** What a listener does with an event; a returned promise may reject without harm. */
export type Listener<T> = (event: T) => unknown;

/**
 * Listeners by event name. A listener that throws or rejects harms neither the others nor the
 * connection: its fault goes to `report`.
 */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<PropertyKey, Set<Listener<never>>>();
  readonly #report: (fault: unknown) => void;

  /** @param report takes what listeners threw; must not throw itself */
  constructor(report: (fault: unknown) => void) {
    this.#report = report;
  }

  /** Adds a listener; the answer takes it away again. */
  on(event: keyof Events, listener: Listener<never>): () => void {
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set);
    set.add(listener);
    return () => set.delete(listener);
  }

  has(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  emit<E extends keyof Events>(event: E, value: Events[E]): void {
    // A copy, so that a listener may take itself away while it runs.
    for (const listener of [...this.#listeners.get(event) ?? []]) {
      this.#run(listener as Listener<Events[E]>, value);
    }
  }

  #run<T>(listener: Listener<T>, value: T): void {
    try {
      const result = listener(value);
      if (result instanceof Promise) result.catch(this.#report);
    } catch (fault) {
      this.#report(fault);
    }
  }
}
