import { idOf, roomKey, userKey, type RoomKey } from '../base/ids.js';
import { RpcError, code, notFound } from '../rpc/errors.js';
import type { Call } from '../rpc/method.js';
import type { AppendOp, CallKey } from '../store/rooms.js';
import type { Target } from './access/decide.js';
import type { Chat, RoomView, Settled } from './chat.js';
import { checkId, checkKey } from './checks.js';
import { directPrefix, peerOf } from './direct.js';
import { mapError } from './map-error.js';

/** What every operation has of its call. */
export interface OpBase {
  readonly by: string;
  readonly at: number;
  readonly call: CallKey;
}

/** An operation that was done, now or under the same key before. */
export type Done = Extract<Settled, { status: 'ok' | 'duplicate' }>;

/** The key of the room that a call names. */
export function roomOf(call: Call<Chat>, room: string): RoomKey {
  checkId(call.limits, '/room', room);
  return roomKey(call.identity.tenant, room);
}

/** @throws RpcError for what the store did not do */
export function doneOr(result: Settled): Done {
  switch (result.status) {
    case 'ok':
    case 'duplicate':
      return result;
    case 'conflict':
      throw new RpcError(code.conflict, 'key_reused');
    case 'exists':
      throw new RpcError(code.conflict, 'exists');
    case 'full':
      throw new RpcError(code.conflict, 'full', { limit: 'maxMembers' });
    case 'missing':
      throw notFound();
  }
}

/**
 * Writes to a room in its lane.
 * @param params as checked; with the method they are what the key stands for (G3)
 * @param decide the access decision and the operation, from the room as it is
 * @param prepare looks up what `decide` needs, when its turn has come. To be called before
 *   anything is awaited: calls to one room take effect in the order in which they came.
 * @throws RpcError what `decide` throws; 409 for a key that was used for another call; -32009
 *   where nothing happened; -32002 where that is not known
 */
export async function write(
  call: Call<Chat>, room: RoomKey, params: { readonly key?: string },
  decide: (view: RoomView | undefined, base: OpBase) => AppendOp,
  prepare?: () => Promise<void>,
): Promise<Done> {
  return doneOr(await submit(call, room, params, decide, prepare));
}

/** As {@link write}, for callers to whom other outcomes mean something too. */
export async function submit(
  call: Call<Chat>, room: RoomKey, params: { readonly key?: string },
  decide: (view: RoomView | undefined, base: OpBase) => AppendOp,
  prepare?: () => Promise<void>,
): Promise<Settled> {
  const { app, session, identity } = call;
  checkKey(call.limits, params.key);
  const key = app.keys.of(call.method, params);
  const base: OpBase = { by: identity.user, at: app.clock.now(), call: key };
  if (!session.canPush) {
    return await app.lanes.submit(room, identity.user, (view) => decide(view, base),
      () => call.handedOn(), key, prepare);
  }
  // The answer goes before its own event (trap 5).
  const own = app.ownCalls.begin(session, room, params.key);
  call.afterAnswer(() => own.answered());
  const result = await app.lanes.submit(room, identity.user, (view) => decide(view, base),
    () => call.handedOn(), key, prepare);
  if (result.status === 'ok') {
    own.wrote(result.epoch, result.entries[0]?.seq ?? result.seq, result.seq);
  } else if (result.status === 'duplicate') {
    own.wrote(result.epoch, result.seq, result.seq);
  }
  return result;
}

/** The room for a call that shows something of it. */
export async function seen(
  call: Call<Chat>, room: RoomKey, method: string = call.method, target?: Target,
): Promise<RoomView> {
  return call.app.access.room(
    call.identity, method, await call.app.lanes.view(room, call.identity.user), target,
  );
}

/**
 * Whom a message to this room is written to, as far as the rules want to know: the other user of
 * a dialog, where the caller's role may not write to everybody.
 */
export async function targetOf(call: Call<Chat>, room: RoomKey): Promise<Target | undefined> {
  const { app, identity } = call;
  const id = idOf(room);
  if (!id.startsWith(directPrefix)) return undefined;
  const peer = peerOf(id, identity.user) ?? (await app.store.rooms.members(room, '', 2))
    .find(({ user }) => user !== identity.user)?.user;
  return peer === undefined ? undefined : await userTarget(call, peer);
}

/** A user as the target of a call, with the role that they have. */
export async function userTarget(call: Call<Chat>, user: string): Promise<Target> {
  const { app, identity } = call;
  const profile = await app.people.profile(userKey(identity.tenant, user));
  return { user, role: profile?.role ?? app.access.policy.defaultRole };
}

/** @throws RpcError -32602 for an id that is too long */
export function checkUserIds(call: Call<Chat>, path: string, users: readonly string[]): void {
  for (const user of users) checkId(call.limits, path, user);
}

/**
 * Where only known users may be named: what finds out whether these are; undefined elsewhere.
 * @returns for `prepare`: throws 404 for a user never seen
 */
export function knowing(
  call: Call<Chat>, users: readonly string[],
): (() => Promise<void>) | undefined {
  const { app, identity } = call;
  if (app.users !== 'known') return undefined;
  const keys = users.filter((user) => user !== identity.user)
    .map((user) => userKey(identity.tenant, user));
  return async () => {
    const profiles = await app.store.users.many(keys);
    if (profiles.some((profile) => profile === undefined)) throw notFound();
  };
}

/** Runs what reads the store, and answers its failures like those of a write. */
export async function reading<T>(read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    throw mapError(error);
  }
}
