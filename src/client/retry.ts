import { code } from '../rpc/errors.js';
import { fullJitterMs, type Random } from './backoff.js';

/** How one attempt at a call failed. */
export type CallFailure =
  | { readonly kind: 'lost' }
  | { readonly kind: 'answered'; readonly code: number; readonly retryAfterMs?: number };

/** Methods that take `key`: the same key again is the same call (G3). */
export const keyedMethods: ReadonlySet<string> = new Set((
  'room.create room.direct room.update room.addMember room.removeMember room.leave room.delete ' +
  'message.send message.edit message.delete message.read group.create group.update ' +
  'group.delete group.addUsers group.removeUsers group.broadcast user.update user.import ' +
  'user.block user.unblock session.revoke'
).split(' '));

/** Methods that may be called twice without harm and take no key. */
const repeatable: ReadonlySet<string> = new Set((
  'session.authenticate session.logout feed.open feed.close feed.read room.get room.list ' +
  'room.members room.subscribe room.unsubscribe message.history message.typing ' +
  'message.search presence.query presence.subscribe presence.unsubscribe group.get group.list ' +
  'user.get user.list user.contacts server.info server.stats access.explain rpc.discover'
).split(' '));

/**
 * Whether a call may be sent again when its outcome is unknown. An application's own method may
 * when it was given a key, or when its caller says so.
 */
export const mayRepeat = (method: string, params: object): boolean =>
  keyedMethods.has(method) || repeatable.has(method) || 'key' in params;

/**
 * Whether to send a call again, and when.
 * @param attempt failures of this call before this one, from 0
 * @param repeats from {@link mayRepeat}
 * @returns milliseconds to wait (0: as soon as there is a connection), undefined to give up
 */
export function retryAfterMs(
  failure: CallFailure, attempt: number, repeats: boolean, random: Random,
): number | undefined {
  if (failure.kind === 'lost') return repeats ? 0 : undefined;
  const jitterMs = fullJitterMs(attempt, 200, 5_000, random);
  switch (failure.code) {
    case code.deadline:
      return repeats ? jitterMs : undefined;
    // Refused before anything happened: even a call without a key may come again.
    case code.busy:
    case code.rateLimited:
      return (failure.retryAfterMs ?? 200) + jitterMs;
    default:
      return undefined;
  }
}
