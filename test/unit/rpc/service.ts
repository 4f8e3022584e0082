import Type from 'typebox';
import { ManualClock } from '../../../src/base/clock.js';
import { limitsWith } from '../../../src/base/limits.js';
import { createLogger } from '../../../src/base/log.js';
import { Metrics } from '../../../src/base/metrics.js';
import {
  LocalTopics, Registry, connectLocal, createDispatcher, defineMethod, type Call,
  type DispatcherOptions, type Identity, type LocalOptions,
} from '../../../src/rpc/index.js';

export const simon: Identity = {
  user: 'simon', tenant: 'default', role: 'user', groups: [], issuedAt: 0, expiresAt: Infinity,
  kind: 'jwt',
};

/** A call that a test ends when it likes. */
export interface Held {
  readonly call: Call<unknown>;
  readonly name: string;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const define = defineMethod<unknown>();
const NameOf = Type.Object({ name: Type.String({ maxLength: 20, 'x-limit': 'maxIdBytes' }) });

/** A service with one method that answers at once and one that answers when told. */
export function makeService(
  limits: Record<string, number> = {}, options: Partial<DispatcherOptions<unknown>> = {},
) {
  const clock = new ManualClock();
  const metrics = new Metrics(false);
  const held: Held[] = [];
  const order: string[] = [];
  const base = { params: NameOf, result: Type.Unknown(), access: 'none' as const };
  const example = { params: { name: 'a' }, result: 'a' };
  const hold = (call: Call<unknown>, { name }: { name: string }): Promise<unknown> => {
    order.push(name);
    return new Promise((resolve, reject) => held.push({ call, name, resolve, reject }));
  };
  const registry = new Registry<unknown>()
    .method(define({
      ...base, example, name: 'now', summary: 'Answers at once.',
      handler: (_call, { name }) => {
        order.push(name);
        return name;
      },
    }))
    .method(define({ ...base, example, name: 'hold', summary: 'Answers later.', handler: hold }))
    .method(define({
      ...base, example, name: 'poll', summary: 'Waits.', waits: true, handler: hold,
    }))
    .method(define({
      ...base, example, name: 'push', summary: 'Pushes.', needsPush: true, handler: () => null,
    }))
    .method(define({
      ...base, example, name: 'private', summary: 'Asks who.', access: 'identity',
      handler: ({ identity }) => identity.user,
    }))
    .method(define({
      ...base, example, name: 'after', summary: 'Says something after its answer.',
      handler: (call, { name }) => {
        call.afterAnswer(() => {
          call.session.notify('event', JSON.stringify({ name }));
        });
        return name;
      },
    }));
  const dispatcher = createDispatcher<unknown>({
    registry, app: undefined, clock, metrics, log: createLogger({ format: 'silent' }),
    limits: limitsWith(limits), ...options,
  });
  const topics = new LocalTopics();
  const connect = (more: Partial<LocalOptions> = {}) =>
    connectLocal(dispatcher, { clock, ...more }, topics);
  return { clock, metrics, held, order, registry, dispatcher, topics, connect };
}

/** The text of a call. */
export const callText = (method: string, name: string, id?: string | number): string =>
  JSON.stringify({ jsonrpc: '2.0', method, params: { name }, ...(id !== undefined && { id }) });
