import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { invalidParams } from '../../rpc/errors.js';
import { defineMethod, type Call } from '../../rpc/method.js';
import type { Chat, FeedOpened, RoomOpened } from '../chat.js';
import { Cursor, PositionSchema, RoomId, strict } from '../schemas.js';
import { Sink } from '../sink.js';
import { roomOf, seen } from '../write.js';

const Options = strict({
  room: Type.Optional(RoomId),
  since: Type.Optional(Type.Union([Cursor, PositionSchema])),
});

/** Runs after the answer, before the events: there is no other place for what could not resume. */
function whenLost(call: Call<Chat>, subscription: string, lost: () => object | undefined) {
  return (run: () => void): void => call.afterAnswer(() => {
    const reset = lost();
    if (reset !== undefined) {
      const params = JSON.stringify({ at: call.app.clock.now(), ...reset });
      new Sink(call.session, subscription).emit('feed.reset', params);
    }
    run();
  });
}

async function subscribeUser(
  call: Call<Chat>, subscription: string, since: string | undefined,
): Promise<void> {
  const box: { opened?: FeedOpened } = {};
  const lost = () => (box.opened?.recovered === false
    ? { cursor: box.opened.cursor, state: box.opened.state } : undefined);
  box.opened = await call.app.hub.openFeed(call.session, compact({
    subscription, since, afterAnswer: whenLost(call, subscription, lost),
  }));
}

async function subscribeRoom(
  call: Call<Chat>, subscription: string, id: string,
  since: { seq: number; epoch: string } | undefined,
): Promise<void> {
  const room = roomOf(call, id);
  await seen(call, room, 'room.subscribe');
  const box: { opened?: RoomOpened } = {};
  const lost = () => (box.opened?.recovered === false
    ? { room: id, seq: box.opened.seq, epoch: box.opened.epoch } : undefined);
  box.opened = await call.app.hub.watchRoom(call.session, room, compact({
    subscription, since, afterAnswer: whenLost(call, subscription, lost),
  }));
}

/** The feed, or a channel, in the dialect of go-ethereum and its kin. */
export const feedSubscribe = defineMethod<Chat>()({
  name: 'feed_subscribe',
  summary: 'The caller\'s feed, or a channel, as a subscription: answers its id.',
  params: strict({
    topic: Type.Union([Type.Literal('user'), Type.Literal('room')]),
    options: Type.Optional(Options),
  }),
  result: Type.String({ description: 'opaque id of the subscription' }),
  access: 'identity',
  needsPush: true,
  example: { params: { topic: 'user' }, result: 'mS1gqzN4aV8w' },
  async handler(call, { topic, options = {} }) {
    const subscription = call.app.ids(9);
    const { since, room } = options;
    if (topic === 'user') {
      if (room !== undefined) throw invalidParams('/options/room', 'unknown');
      if (since !== undefined && typeof since !== 'string') {
        throw invalidParams('/options/since', 'not_a_cursor');
      }
      await subscribeUser(call, subscription, since);
    } else {
      if (room === undefined) throw invalidParams('/options/room', 'missing');
      if (typeof since === 'string') throw invalidParams('/options/since', 'not_a_position');
      await subscribeRoom(call, subscription, room, since);
    }
    return subscription;
  },
});
