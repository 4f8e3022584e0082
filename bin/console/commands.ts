import { inspect } from 'node:util';
import type { Client } from '../../src/client/index.js';
import {
  authorized, errorLine, historyLine, note, onlineUsers, roomLine, type Line,
} from './format.js';

/** Makes the token of a user, asked for whenever one is needed. */
export type TokenOf = (user: string) => () => Promise<string>;

/** What the functions of the console stand on. */
export interface Desk {
  readonly client: Client;
  readonly tokenOf: TokenOf;
  /** Who `auth()` signs in; undefined when the command line named nobody. */
  readonly user: string | undefined;
  say(line: Line): void;
}

/** Rooms and users met so far, for completion. */
export class Known {
  readonly rooms = new Set<string>();
  readonly users = new Set<string>();

  /** Takes the names out of an event's or row's members. */
  note(params: Readonly<Record<string, unknown>>): void {
    if (typeof params['room'] === 'string') this.rooms.add(params['room']);
    for (const name of ['user', 'by', 'from', 'owner', 'peer']) {
      const user = params[name];
      if (typeof user === 'string') this.users.add(user);
    }
  }
}

/** Each function with what it takes, for help() and for errors. */
export const usage = {
  auth: 'auth("Simon")                     sign in; without a name as --user',
  logout: 'logout()                          sign out',
  createChat: 'createChat("First chat")          a room of your own; further names: first members',
  join: 'join("First chat", "Fedir")       add a member',
  remove: 'remove("First chat", "Fedir")     remove a member',
  write: 'write("First chat", "Hi Fedir")   a message to everybody in the room',
  history: 'history("First chat", 20)         its last messages',
  rooms: 'rooms()                           your rooms, with what is unread',
  read: 'read("First chat")                mark it as read; a number: up to there',
  online: 'online(["Fedir", "Petro"])        who of them is online',
  subs: 'subs([], ["Fedir"])               unsubscribe from, subscribe to presence',
  help: 'help()                            this list; .help shows .exit .save .load .editor',
} as const;

export type CommandName = keyof typeof usage;
export const commandNames = Object.keys(usage) as readonly CommandName[];

/** A function was called with what it can't take; the message is its usage. */
export class UsageError extends TypeError {
  override readonly name = 'UsageError';
}

function text(value: unknown, command: CommandName): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new UsageError(`got ${inspect(value)} for a text: ${usage[command]}`);
}

function names(value: unknown, command: CommandName): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map((item) => text(item, command));
}

function count(value: unknown, command: CommandName): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw new UsageError(`got ${inspect(value)} for a number: ${usage[command]}`);
}

type Command = (...values: readonly unknown[]) => Promise<void>;

type Commands = Record<CommandName, Command>;

/** Signing in and out, and who is there. */
function peopleCommands(
  { client, say, tokenOf, user: self }: Desk, known: Known,
): Pick<Commands, 'auth' | 'logout' | 'online' | 'subs' | 'help'> {
  return {
    async auth(name) {
      const user = text(name ?? self, 'auth');
      const signsIn = client.state !== 'online';
      const who = await client.authenticate(tokenOf(user));
      // A connection that came up said so itself.
      if (!signsIn && client.session === who) say(authorized(who.user));
    },
    async logout() {
      await client.logout();
      say(note('Signed out; auth("NAME") comes back'));
    },
    async online(users) {
      const asked = names(users, 'online');
      const states = (await client.call('presence.query', { users: asked })).users;
      say(onlineUsers(asked.filter((user) => states[user]?.online === true)));
    },
    async subs(unsubscribe = [], subscribe = []) {
      const off = names(unsubscribe, 'subs');
      const on = names(subscribe, 'subs');
      if (off.length > 0) await client.call('presence.unsubscribe', { users: off });
      if (on.length === 0) return;
      const { users } = await client.call('presence.subscribe', { users: on });
      for (const user of on) known.users.add(user);
      say(onlineUsers(on.filter((user) => users[user]?.online === true)));
    },
    async help() {
      for (const name of commandNames) say(note(usage[name]));
    },
  };
}

/**
 * The console's functions; their answers, errors too, are lines: in a loaded file nobody waits for
 * any but the last. Built on the client library alone.
 */
export function createCommands(desk: Desk, known: Known): Commands {
  const commands = { ...peopleCommands(desk, known), ...roomCommands(desk, known) };
  const told = (command: Command): Command => async (...values) => {
    try {
      await command(...values);
    } catch (fault) {
      desk.say(errorLine(fault));
    }
  };
  for (const name of commandNames) commands[name] = told(commands[name]);
  return commands;
}

/** What happens in rooms. */
function roomCommands(
  { client, say }: Desk, known: Known,
): Omit<Commands, keyof ReturnType<typeof peopleCommands>> {
  return {
    async createChat(title, ...members) {
      const room = text(title, 'createChat');
      const first = members.flatMap((member) => names(member, 'createChat'));
      known.rooms.add(room);
      await client.call('room.create', {
        room, title: room, ...(first.length === 0 ? {} : { members: first }),
      });
    },
    async join(room, user) {
      await client.call('room.addMember', { room: text(room, 'join'), user: text(user, 'join') });
    },
    async remove(room, user) {
      await client.call('room.removeMember', {
        room: text(room, 'remove'), user: text(user, 'remove'),
      });
    },
    async write(room, message) {
      await client.call('message.send', {
        room: text(room, 'write'), text: text(message, 'write'),
      });
    },
    async history(room, limit = 20) {
      const { messages, more } = await client.call('message.history', {
        room: text(room, 'history'), limit: count(limit, 'history'),
      });
      for (const message of messages) {
        known.note(message);
        say(historyLine(message));
      }
      if (messages.length === 0) say(note('No messages yet'));
      else if (more) say(note(`Older ones: history(ROOM, ${count(limit, 'history') * 2})`));
    },
    async rooms() {
      const { rooms } = await client.call('room.list', {});
      for (const row of rooms) {
        known.note(row);
        say(roomLine(row));
      }
      if (rooms.length === 0) say(note('No rooms yet: createChat("First chat")'));
    },
    async read(room, seq) {
      const name = text(room, 'read');
      const upTo = seq === undefined ? await newest(client, name) : count(seq, 'read');
      if (upTo === undefined) return say(note('Nothing to read yet'));
      const { unread } = await client.call('message.read', { room: name, seq: upTo });
      say(note(`${unread} unread in ${name}`));
    },
  };
}

async function newest(client: Client, room: string): Promise<number | undefined> {
  const { messages } = await client.call('message.history', { room, limit: 1 });
  return messages.at(-1)?.seq;
}

/**
 * Completion of a line: names of functions, and inside quotes those of rooms and users.
 * @returns what the word may become, and the word, as node:readline wants it
 */
export function complete(line: string, known: Known): [string[], string] {
  const [, quote, begun] = /(["'`])([^"'`]*)$/.exec(line) ?? [];
  const quotes = line.split(/["'`]/).length - 1;
  if (quote !== undefined && begun !== undefined && quotes % 2 === 1) {
    const found = [...new Set([...known.rooms, ...known.users])]
      .filter((name) => name.startsWith(begun)).sort();
    return [found.map((name) => `${name}${quote}`), begun];
  }
  const word = /[A-Za-z.]*$/.exec(line)?.[0] ?? '';
  const words = [
    ...commandNames.map((name) => `${name}(`), '.exit', '.save', '.load', '.editor', '.help',
  ];
  return [words.filter((candidate) => candidate.startsWith(word)), word];
}
