/** How far each user has read in one dialog: the latest wins. */
export type Reads = Record<string, number>;

interface Saved {
  readonly folded?: boolean;
  readonly cursor?: string;
  readonly reads?: Record<string, Reads>;
}

/**
 * What outlives a change of page in the same tab: whether the widget is folded, how far others
 * have read, and the place in the feed to go on from.
 */
export class Kept {
  folded: boolean;
  /** Where an earlier page stopped reading the feed. */
  readonly cursor: string | undefined;
  readonly #name: string;
  readonly #reads: Record<string, Reads>;

  constructor(name: string) {
    this.#name = name;
    const { folded, cursor, reads = {} } = this.#read();
    this.folded = folded ?? true;
    this.cursor = cursor;
    this.#reads = reads;
  }

  /** How far each user has read in the dialog of a row. */
  readsOf(id: string): Reads {
    return this.#reads[id] ??= {};
  }

  save(cursor: string | undefined): void {
    const saved: Saved = {
      folded: this.folded, reads: this.#reads, ...cursor !== undefined && { cursor },
    };
    try {
      sessionStorage.setItem(this.#name, JSON.stringify(saved));
    } catch {
      // A frame without storage of its own: the next page starts afresh.
    }
  }

  /** What {@link save} wrote: nobody else writes under this name. */
  #read(): Saved {
    try {
      return JSON.parse(sessionStorage.getItem(this.#name) ?? '{}');
    } catch {
      return {};
    }
  }
}
