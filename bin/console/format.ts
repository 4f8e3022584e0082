import { CallError, ClientError } from '../../src/client/index.js';

/** What a line is about; decides its colour. */
export type Tone = 'state' | 'message' | 'room' | 'presence' | 'note' | 'error';

/** A line for people, without colour. */
export interface Line {
  readonly tone: Tone;
  readonly text: string;
}

type Params = Readonly<Record<string, unknown>>;

/**
 * What others wrote, harmless to a terminal: control characters could move the cursor, rename the
 * window or hide what stands before them.
 */
export function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value) ?? '';
  return text.replace(/\r?\n/g, '\n  ').replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) =>
    character === '\n' ? character : '\uFFFD');
}

export const note = (text: string): Line => ({ tone: 'note', text });
export const connected: Line = { tone: 'state', text: 'Client connected !!!' };
export const authorized = (user: string): Line =>
  ({ tone: 'state', text: `Authorized as ${plain(user)}` });
export const onlineUsers = (users: readonly string[]): Line => ({
  tone: 'presence', text: `Online users: ${users.map(plain).join(', ') || 'none'}`,
});

/** What a message holds, for one line. */
function content({ text, body, deleted }: Params): string {
  if (deleted === true) return '(deleted)';
  return plain(text ?? body);
}

/**
 * The line of an event; undefined for those that people need not see.
 * @param me who is signed in
 */
export function lineOf(me: string, method: string, params: Params): Line | undefined {
  const room = plain(params['room']);
  const user = plain(params['user']);
  switch (method) {
    case 'message.created':
      return { tone: 'message', text: `Message from ${room} ==> ${content(params)}` };
    case 'message.edited':
      return {
        tone: 'message',
        text: `Message ${params['target']} in ${room} reads ==> ${content(params)}`,
      };
    case 'message.deleted':
      return { tone: 'message', text: `Message ${params['target']} in ${room} was deleted` };
    // Being told of a new room is being its member.
    case 'room.created':
      return { tone: 'room', text: `Member ${plain(me)} was added to room ${room}` };
    case 'room.memberAdded':
      return { tone: 'room', text: `Member ${user} was added to room ${room}` };
    case 'room.memberRemoved':
      return { tone: 'room', text: `Member ${user} was removed from ${room}` };
    case 'room.deleted':
      return { tone: 'room', text: `Room ${room} was deleted` };
    case 'presence.changed':
      return {
        tone: 'presence',
        text: `User ${user} is ${params['online'] === true ? 'online' : 'offline'} now`,
      };
    default:
      return undefined;
  }
}

/** A message of the history. */
export function historyLine(message: Params): Line {
  const { seq, at, from, editedAt } = message;
  const time = typeof at === 'number' ? new Date(at).toISOString().slice(0, 19) : '';
  const edited = editedAt === undefined ? '' : ' (edited)';
  return { tone: 'message', text: `${seq}  ${time}  ${plain(from)}: ${content(message)}${edited}` };
}

/** A room of the list. */
export function roomLine({ room, kind, title, unread }: Params): Line {
  const named = title === undefined || title === room ? '' : `  "${plain(title)}"`;
  return { tone: 'room', text: `${plain(room)}${named}  ${plain(kind)}, ${unread} unread` };
}

const advice: Readonly<Record<number, string>> = {
  [-32601]: 'this server has no such method; is it of another version?',
  [-32602]: 'see help() for what each function takes',
  401: 'sign in first: auth("NAME")',
  403: 'you may not do this; the owner of the room, or an admin, may',
  404: 'no such room or user here, or none that you may see; rooms() lists yours',
  409: 'it exists already: choose another name',
  410: 'older than what the room keeps',
  429: 'wait a moment, then try again',
};

/** What went wrong, and what to do. */
export function errorLine(fault: unknown): Line {
  if (fault instanceof CallError) {
    const limit = fault.data?.limit === undefined ? '' : `, limit ${fault.data.limit}`;
    const help = advice[fault.code];
    return {
      tone: 'error',
      text: `Error ${fault.code}: ${plain(fault.message)}${limit}` +
        (help === undefined ? '' : `: ${help}`),
    };
  }
  if (fault instanceof ClientError) {
    const text = fault.reason === 'unauthenticated'
      ? 'Error: not signed in, or not with a token that this server takes: auth("NAME")'
      : `Error: ${fault.message}`;
    return { tone: 'error', text };
  }
  // What the typed text itself did wrong: SyntaxError, ReferenceError, a usage.
  const text = fault instanceof Error ? String(fault) : `Error: ${plain(fault)}`;
  return { tone: 'error', text };
}

const colourOf: Readonly<Record<Tone, number>> = {
  state: 32, message: 36, room: 33, presence: 35, note: 90, error: 31,
};

/** The line as it is printed. */
export const paint = ({ tone, text }: Line, colours: boolean): string =>
  colours ? `\u001b[${colourOf[tone]}m${text}\u001b[0m` : text;
