/** The end of what a process printed, for the report of its crash. */
export class LastWords {
  #lines: string[] = [];
  #rest = '';

  /** @param keep how many lines to remember */
  constructor(readonly keep: number) {}

  add(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-4_096);
    this.#lines = [...this.#lines, ...lines].slice(-this.keep);
  }

  get lines(): readonly string[] {
    return this.#rest === '' ? this.#lines : [...this.#lines, this.#rest];
  }
}
