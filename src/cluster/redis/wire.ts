import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { RoomKey, UserKey } from '../../base/ids.js';
import type { RoomEvent, Signal } from '../bus.js';
import type { Presence } from '../directory.js';
import { asUser, presence } from './directory.js';

/*
 * Bodies of publications between nodes: lines of JSON, which never holds a raw line feed, so that
 * params travel as the text that they are and scripts join bodies without reading them.
 */

const names = Compile(Type.Array(Type.String()));
const changes = Compile(Type.Array(Type.Tuple([
  Type.String(), Type.Number(), Type.Number(), Type.Number(),
])));
const head = Compile(Type.Object({
  room: Type.String(), seq: Type.Integer(), epoch: Type.String(), method: Type.String(),
  by: Type.String(), key: Type.Optional(Type.String()),
}));

/** Two lines: head and params. */
export function roomLines(event: RoomEvent): string {
  const { params, ...rest } = event;
  return `${JSON.stringify(rest)}\n${params}\n`;
}

/** Two lines, before which signal.lua puts the users. */
export const signalLines = (signal: Signal): string => `${signal.method}\n${signal.params}\n`;

const broken = (): TypeError => new TypeError('a publication between nodes cannot be read');

/** Body of kind `R`. @throws TypeError where it is none */
export function roomEvents(body: Buffer): RoomEvent[] {
  const lines = body.toString().split('\n');
  const events: RoomEvent[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const value: unknown = JSON.parse(lines[i] ?? '');
    if (!head.Check(value)) throw broken();
    const { room, key, ...rest } = value;
    events.push({
      ...rest, room: asRoom(room), params: lines[i + 1] ?? '', ...(key !== undefined && { key }),
    });
  }
  return events;
}

/** Body of kind `S`. @throws TypeError where it is none */
export function signals(body: Buffer): Signal[] {
  const lines = body.toString().split('\n');
  const list: Signal[] = [];
  for (let i = 0; i + 2 < lines.length; i += 3) {
    const users: unknown = JSON.parse(lines[i] ?? '');
    if (!names.Check(users)) throw broken();
    list.push({ users: users.map(asUser), method: lines[i + 1] ?? '', params: lines[i + 2] ?? '' });
  }
  return list;
}

/** Body of kind `P`. @throws TypeError where it is none */
export function presences(body: Buffer): [UserKey, Presence][] {
  const value: unknown = JSON.parse(body.toString());
  if (!changes.Check(value)) throw broken();
  return value.map(([user, online, devices, seen]) =>
    [asUser(user), presence(online === 1, devices, seen)]);
}

const asRoom = (text: string): RoomKey => text as RoomKey;
