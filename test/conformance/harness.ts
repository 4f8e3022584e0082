import { randomUUID } from 'node:crypto';
import { roomKey, userKey, type RoomKey, type UserKey } from '../../src/base/ids.js';
import type { Delivery } from '../../src/store/feeds.js';
import type { AppendOp, AppendResult } from '../../src/store/rooms.js';
import type { Store } from '../../src/store/store.js';

/** A store as the suites drive it; made anew for each test, perhaps over a shared server. */
export interface StoreUnderTest {
  readonly store: Store;
  /** A tenant of this test alone. */
  readonly tenant: string;
  /** All that was handed on for the users held here, in the order in which it came. */
  readonly deliveries: readonly Delivery[];
  /** Has deliveries for these users come here: they have a connection on this node. */
  hold(users: readonly UserKey[]): Promise<void>;
  /** Milliseconds since 1970, by the clock that windows and ages follow. */
  now(): number;
  /** Lets so much time pass on that clock. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Makes a store with some limits changed; names of base/limits.ts. */
export type StoreFactory = (limits?: Readonly<Record<string, number>>) => Promise<StoreUnderTest>;

export const freshTenant = (): string => `t-${randomUUID()}`;

/** Waits until something holds, for as long as the test runner lets it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise<void>((resolve) => { setImmediate(resolve); });
}

type Bare<T> = T extends AppendOp ? Omit<T, 'by' | 'at' | 'call' | 'expect'> : never;
/** An operation without what {@link RoomUnderTest} fills in. */
export type BareOp = Bare<AppendOp>;

let calls = 0;

/** One room, with the version that operations expect kept up to date. */
export class RoomUnderTest {
  readonly room: RoomKey;
  expect = 0;

  constructor(readonly under: StoreUnderTest, readonly id = 'r') {
    this.room = roomKey(under.tenant, id);
  }

  user(id: string): UserKey {
    return userKey(this.under.tenant, id);
  }

  op(by: string, bare: BareOp, more: { key?: string; digest?: string; expect?: number } = {}):
  AppendOp {
    return {
      ...bare, by, at: this.under.now(), expect: more.expect ?? this.expect,
      call: {
        key: more.key ?? `call-${++calls}`, digest: more.digest ?? JSON.stringify(bare),
        given: more.key !== undefined,
      },
    };
  }

  async append(...ops: AppendOp[]): Promise<AppendResult[]> {
    const results = await this.under.store.rooms.append(this.room, ops);
    for (const result of results) if (result.status === 'ok') this.expect = result.version;
    return results;
  }

  /** Appends one operation that must succeed. */
  async ok(by: string, bare: BareOp, more: { key?: string } = {}):
  Promise<Extract<AppendResult, { status: 'ok' }>> {
    const [result] = await this.append(this.op(by, bare, more));
    if (result?.status !== 'ok') throw new Error(`${bare.kind} answered ${result?.status}`);
    return result;
  }

  create(by: string, members: readonly string[], more: { title?: string } = {}):
  Promise<Extract<AppendResult, { status: 'ok' }>> {
    return this.ok(by, { kind: 'create', room: 'group', members, ...more });
  }

  say(by: string, text: string): Promise<Extract<AppendResult, { status: 'ok' }>> {
    return this.ok(by, { kind: 'message', text });
  }

  /** Says that everything so far was forwarded. */
  async settle(): Promise<void> {
    const head = await this.under.store.rooms.head(this.room);
    if (head === undefined) throw new Error('no such room');
    await this.under.store.rooms.settle(this.room, { seq: head.seq, reads: head.reads }, []);
  }
}
