import { RateState } from './rate.js';

/** What the dispatcher can do with a call that is not answered yet. */
export interface OpenCall {
  /** Answers -32800 unless it was handed on already; aborts its signal. */
  cancel(): void;
  /** The session is gone: as {@link cancel}, and what was handed on is told to stop. */
  abandon(): void;
}

/**
 * The calls of one session that are not answered yet, and its rate. Made at the first call; the
 * maps at the first call that does not answer at once.
 */
export class SessionCalls {
  /** Calls that are not answered yet, those without a usable id included. */
  open = 0;
  readonly rate = new RateState();
  #byId: Map<string | number, OpenCall> | undefined;
  #others: Set<OpenCall> | undefined;

  find(id: string | number): OpenCall | undefined {
    return this.#byId?.get(id);
  }

  /** @param id null for calls that nobody can name: notifications, and calls with id null */
  add(id: string | number | null, call: OpenCall): void {
    this.open += 1;
    if (id === null) (this.#others ??= new Set()).add(call);
    else (this.#byId ??= new Map()).set(id, call);
  }

  remove(id: string | number | null, call: OpenCall): void {
    this.open -= 1;
    if (id === null) this.#others?.delete(call);
    else this.#byId?.delete(id);
  }

  /** Every call that is not answered yet, as a copy: answering changes the maps. */
  all(): OpenCall[] {
    return [...this.#byId?.values() ?? [], ...this.#others ?? []];
  }
}
