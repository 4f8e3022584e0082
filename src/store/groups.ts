/** A list of users to write to at once. */
export interface Group {
  readonly group: string;
  readonly title?: string;
  /** Not active: nobody is written to. */
  readonly active: boolean;
  /** How many. */
  readonly members: number;
}

/** A broadcast as it is kept until it is through: whoever finds it goes on with it. */
export interface Broadcast {
  readonly tenant: string;
  readonly id: string;
  readonly group: string;
  readonly by: string;
  readonly text: string;
  /** When it was begun, ms since 1970. */
  readonly at: number;
  /** Members up to this id are through, in the order of their ids; '' before the first. */
  readonly after: string;
  readonly sent: number;
  readonly skipped: number;
  /** When it last came on, ms since 1970: one that stands still has lost its node. */
  readonly touchedAt: number;
  readonly done: boolean;
}

/**
 * Groups for mailing, and the broadcasts to them. Guarantee: each method is atomic and durable
 * when it resolves; a user is in a group once; a broadcast that was begun is in {@link open}
 * until it is done.
 */
export interface GroupStore {
  /** @returns undefined where the id is taken */
  create(tenant: string, group: Omit<Group, 'members'>): Promise<Group | undefined>;
  get(tenant: string, group: string): Promise<Group | undefined>;
  /** In the order of their ids, after one ('' for the first). */
  list(tenant: string, after: string, limit: number): Promise<Group[]>;
  /** @returns undefined where there is no such group */
  update(
    tenant: string, group: string, change: { readonly title?: string; readonly active?: boolean },
  ): Promise<Group | undefined>;
  /** @returns whether it was there */
  remove(tenant: string, group: string): Promise<boolean>;
  /** @returns the group as it is then; undefined where there is none */
  add(tenant: string, group: string, users: readonly string[]): Promise<Group | undefined>;
  take(tenant: string, group: string, users: readonly string[]): Promise<Group | undefined>;
  /** Ids of members in their order, after one ('' for the first). */
  members(tenant: string, group: string, after: string, limit: number): Promise<string[]>;

  /** Keeps a broadcast, where none of its id is there. @returns the one that is there then */
  begin(broadcast: Broadcast): Promise<Broadcast>;
  /**
   * Says how far one has come.
   * @returns whether it was still as `before` says; if not, another node went on with it
   */
  advance(before: Broadcast, after: Broadcast): Promise<boolean>;
  /** Broadcasts that are kept, oldest ids first. */
  broadcasts(limit: number): Promise<Broadcast[]>;
  forget(broadcast: Broadcast): Promise<void>;
}
