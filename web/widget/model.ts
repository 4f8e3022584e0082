import type {
  ChatMethods, Client, ConnectionState, ResultOf,
} from '../../src/client/index.js';
import { Dialog, type Message } from './dialog.js';
import { loadContacts, loadGroups, type Contact, type Group } from './people.js';
import type { Kept } from './kept.js';

type RoomRow = ResultOf<ChatMethods, 'room.list'>['rooms'][number];
export type Tab = 'recent' | 'all' | 'unread' | 'groups';

/** A line of the list: somebody to talk to, or a room of several. */
export interface Row {
  /** The user's id, the room's behind a `#`, the group's behind a `@`. */
  readonly id: string;
  readonly user: string | undefined;
  readonly room: string | undefined;
  /** A mailing group, which takes messages and never answers. */
  readonly group?: Group;
  readonly name: string;
  readonly login: string;
  readonly online: boolean | undefined;
  readonly unread: number;
  readonly last: Message | undefined;
  readonly lastAt: number;
}

const recentRows = 5;
const quiet = (): void => undefined;
const latest = (a: Row, b: Row): number => b.lastAt - a.lastAt;
const unreadFirst = (a: Row, b: Row): number =>
  Number(b.unread > 0) - Number(a.unread > 0) || latest(a, b);

/** All that the widget knows; the view is made from it anew whenever it changes. */
export class Model {
  connection: ConnectionState = 'connecting';
  refused = false;
  tab: Tab = 'recent';
  query = '';
  folded: boolean;
  /** The row whose dialog is open. */
  open: string | undefined;
  groups: readonly Group[] | undefined;
  /** Whose message came last while nobody looked: the header flashes with it. */
  alert: Row | undefined;
  /** Rows that a message just came into: they move. */
  readonly fresh = new Set<string>();
  readonly client: Client;
  readonly #kept: Kept;
  readonly #changed: () => void;
  readonly #contacts = new Map<string, Contact>();
  readonly #rooms = new Map<string, RoomRow>();
  readonly #dialogs = new Map<string, Dialog>();
  #contactsAt = -Infinity;

  constructor(client: Client, kept: Kept, changed: () => void) {
    this.client = client;
    this.#kept = kept;
    this.#changed = changed;
    this.folded = kept.folded;
    this.#listen();
  }

  get me(): string {
    return this.client.session?.user ?? '';
  }

  /** Most code points of a message. */
  get maxText(): number {
    const limits: unknown = this.client.session?.answer['limits'];
    const most: unknown = Reflect.get(Object(limits), 'maxTextCodePoints');
    return typeof most === 'number' && most > 0 ? most : 4_096;
  }

  get rows(): Row[] {
    const rows: Row[] = [];
    const peers = new Set<string>();
    for (const room of this.#rooms.values()) {
      if (room.peer !== undefined) peers.add(room.peer);
      rows.push(this.#row(room, room.peer));
    }
    for (const user of this.#contacts.keys()) {
      if (!peers.has(user)) rows.push(this.#row(undefined, user));
    }
    return rows;
  }

  get unread(): number {
    return [...this.#rooms.values()].reduce((sum, { unread }) => sum + unread, 0);
  }

  /** What the tab and the query leave. */
  get shown(): Row[] {
    const wanted = this.query.trim().toLowerCase();
    const { rows } = this;
    if (wanted === '' && this.tab === 'groups') return this.#groupRows;
    if (wanted !== '') {
      return rows.filter(({ name, login }) =>
        `${login}\n${name}`.toLowerCase().includes(wanted)).sort(unreadFirst);
    }
    if (this.tab === 'unread') return rows.filter(({ unread }) => unread > 0).sort(latest);
    if (this.tab === 'all') return rows.sort((a, b) => a.login.localeCompare(b.login));
    const talked = rows.filter(({ lastAt, unread }) => lastAt > 0 || unread > 0).sort(unreadFirst);
    return talked.slice(0, Math.max(recentRows, talked.filter(({ unread }) => unread > 0).length));
  }

  /** The latest unread that is not the open dialog. */
  get elsewhere(): Row | undefined {
    return this.rows.filter(({ id, unread }) => unread > 0 && id !== this.open).sort(latest)[0];
  }

  get dialog(): Dialog | undefined {
    return this.open === undefined ? undefined : this.#dialogs.get(this.open);
  }

  row(id: string): Row | undefined {
    return [...this.rows, ...this.#groupRows].find((row) => row.id === id);
  }

  nameOf(user: string): string {
    return this.#contacts.get(user)?.name ?? user;
  }

  set(change: Partial<Pick<Model, 'tab' | 'query' | 'folded' | 'open'>>): void {
    Object.assign(this, change);
    this.#kept.folded = this.folded;
    if (!this.folded) this.alert = undefined;
    this.#changed();
    const old = performance.now() - this.#contactsAt > 10_000;
    if (!this.folded && old) void this.#loadPeople().catch(quiet);
  }

  /** Opens the dialog of a row, and reads its newest page the first time. */
  show({ id, user, room, group }: Row): void {
    this.fresh.delete(id);
    let dialog = this.#dialogs.get(id);
    if (dialog === undefined) {
      const reads = this.#kept.readsOf(id);
      dialog = new Dialog(this.client, { user, room, group: group?.group }, reads,
        () => this.#changed());
      this.#dialogs.set(id, dialog);
      void dialog.older();
    }
    this.set({ open: id, folded: false });
  }

  async #loadRooms(): Promise<void> {
    const { rooms } = await this.client.call('room.list', { limit: 200 });
    for (const row of rooms) {
      const known = this.#rooms.get(row.room);
      // What came by the feed meanwhile is newer than the list.
      const newer = (known?.lastMessage?.seq ?? 0) > (row.lastMessage?.seq ?? 0);
      this.#rooms.set(row.room, known !== undefined && newer ? { ...row, ...known } : row);
    }
    this.#changed();
  }

  async #loadPeople(): Promise<void> {
    this.#contactsAt = performance.now();
    const contacts = await loadContacts(this.client, this.me);
    this.groups = await loadGroups(this.client);
    for (const user of this.#contacts.keys()) {
      if (!contacts.has(user)) this.#contacts.delete(user);
    }
    for (const [user, contact] of contacts) this.#contacts.set(user, contact);
    this.#changed();
    const peers = [...this.#rooms.values()].flatMap(({ peer }) => peer ?? []);
    const users = [...new Set([...contacts.keys(), ...peers])].slice(0, 900);
    if (users.length === 0) return;
    const states = await this.client.call('presence.subscribe', { users });
    for (const [user, { online }] of Object.entries(states.users)) this.#online(user, online);
    this.#changed();
  }

  async #load(): Promise<void> {
    try {
      await this.#loadRooms();
      await this.#loadPeople();
    } catch {
      // The connection went meanwhile: the next one loads again.
      this.#contactsAt = -Infinity;
    }
  }

  #row(room: RoomRow | undefined, user: string | undefined): Row {
    const contact = user === undefined ? undefined : this.#contacts.get(user);
    const name = contact?.name ?? user ?? room?.title ?? room?.room ?? '';
    return {
      id: user ?? `#${room?.room}`, user, room: room?.room, name,
      login: contact?.login ?? name, online: user === undefined ? undefined : contact?.online,
      unread: room?.unread ?? 0, last: room?.lastMessage, lastAt: room?.lastMessage?.at ?? 0,
    };
  }

  get #groupRows(): Row[] {
    return (this.groups ?? []).map((group) => ({
      id: `@${group.group}`, user: undefined, room: undefined, group, name: group.title,
      login: group.group, online: undefined, unread: 0, last: undefined, lastAt: 0,
    }));
  }

  #online(user: string, online: boolean): void {
    const known = this.#contacts.get(user) ?? { user, login: user, name: user, online };
    this.#contacts.set(user, { ...known, online });
  }

  #dialogOf(room: string): Dialog | undefined {
    return [...this.#dialogs.values()].find((dialog) => dialog.room === room);
  }

  async #came(message: Message): Promise<void> {
    const known = this.#rooms.get(message.room);
    this.#dialogOf(message.room)?.add(message);
    if (known === undefined) await this.#loadRooms().catch(quiet);
    else this.#rooms.set(message.room, { ...known, lastMessage: message });
    const room = this.#rooms.get(message.room);
    // Somebody new writes: who is it?
    if (room?.peer !== undefined && !this.#contacts.has(room.peer)) {
      await this.#loadPeople().catch(quiet);
    }
    if (message.from !== this.me && room !== undefined) {
      const row = this.#row(room, room.peer);
      this.fresh.add(row.id);
      if (this.folded) this.alert = row;
    }
    this.#changed();
  }

  #changedMessage(room: string, target: number, change: Partial<Message>): void {
    this.#dialogOf(room)?.change(target, change);
    const known = this.#rooms.get(room);
    if (known?.lastMessage?.seq === target) {
      this.#rooms.set(room, { ...known, lastMessage: { ...known.lastMessage, ...change } });
    }
  }

  #forget(room: string): void {
    const row = this.rows.find((one) => one.room === room);
    this.#rooms.delete(room);
    if (row !== undefined) this.#dialogs.delete(row.id);
    if (row?.id === this.open) this.open = undefined;
  }

  #listen(): void {
    const { client } = this;
    client.on('state', ({ state }) => {
      this.connection = state;
      if (state === 'online' && this.#contactsAt < 0) void this.#load();
      this.#changed();
    });
    // Drawn when all listeners of the event are through.
    client.on('event', () => this.#changed());
    client.on('error', ({ reason }) => {
      this.refused = /unauth|forbid|token|many/.test(reason);
      this.#changed();
    });
    client.on('reset', () => {
      for (const dialog of this.#dialogs.values()) void dialog.restart();
      void this.#load();
    });
    client.on('message.created', (message) => this.#came(message));
    client.on('message.edited', ({ room, target, text, at }) =>
      this.#changedMessage(room, target, { ...text !== undefined && { text }, editedAt: at }));
    client.on('message.deleted', ({ room, target }) =>
      this.#changedMessage(room, target, { text: '', deleted: true }));
    client.on('message.receipt', ({ room, user, read }) => {
      const peer = this.#rooms.get(room)?.peer;
      this.#dialogOf(room)?.readTo(user, read);
      this.#kept.readsOf(peer ?? `#${room}`)[user] = read;
    });
    client.on('message.typed', ({ room, user }) =>
      user !== this.me && this.#dialogOf(room)?.typed(user));
    client.on('unread.changed', ({ room, unread }) => {
      const known = this.#rooms.get(room);
      if (known === undefined) return;
      this.#rooms.set(room, { ...known, unread });
      if (unread === 0 && this.alert?.room === room) this.alert = undefined;
    });
    client.on('presence.changed', ({ user, online }) => this.#online(user, online));
    for (const event of ['room.created', 'room.memberAdded', 'room.updated']) {
      client.on(event, () => this.#loadRooms().catch(quiet));
    }
    client.on('room.memberRemoved', ({ room, user }) => user === this.me && this.#forget(room));
    client.on('room.deleted', ({ room }) => this.#forget(room));
  }
}
