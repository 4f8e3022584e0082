/** A change of one row: the value it is to have, or none. */
export interface RowChange {
  readonly key: string;
  /** Absent: the row goes, or is to be absent. */
  readonly value?: string;
}

export interface Row {
  readonly key: string;
  readonly value: string;
}

/**
 * Small tables of texts in the order of their keys: what is written seldom and not on a message's
 * way, such as groups and the audit log.
 *
 * Guarantee: {@link write} is atomic and durable when it resolves, and all of a table is in one
 * place: what a reading method shows is durable.
 */
export interface Tables {
  get(table: string, keys: readonly string[]): Promise<(string | undefined)[]>;

  /** Rows with from ≤ key < to by their bytes, at most `limit`; descending with `reverse`. */
  range(
    table: string, from: string, to: string, limit: number, reverse?: boolean,
  ): Promise<Row[]>;

  /**
   * Makes the changes where every row of `expect` is as it says.
   * @returns whether it was so; if not, nothing is done
   */
  write(
    table: string, changes: readonly RowChange[], expect?: readonly RowChange[],
  ): Promise<boolean>;
}
