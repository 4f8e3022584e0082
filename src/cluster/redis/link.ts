import type { Clock } from '../../base/clock.js';
import { StoreError } from '../../base/fault.js';
import { connectRedis, type Redis, type ShardAddress } from '../redis-client.js';
import { scriptOf } from '../script.js';
import type { Reply, Script } from '../shard-port.js';

/** A command that was written and not answered. */
interface Pending {
  readonly atMs: number;
  fail: ((error: StoreError) => void) | undefined;
}

export interface LinkOptions {
  readonly address: ShardAddress;
  readonly clock: Clock;
  /** A command not answered in this time has failed, its outcome unknown. */
  readonly timeoutMs: number;
  /** Commands written and not answered; more are refused. */
  readonly maxInFlight: number;
  /** The connection can be used, again or for the first time: time to join. */
  readonly ready: () => void;
  /** The shard is away: nothing can be sent until it is ready again. */
  readonly down: (reason: string) => void;
  /** A script was refused because this node may not write there any more (G7). */
  readonly fenced: () => void;
}

export const unreachable = (cause?: unknown): StoreError =>
  new StoreError('refused', 'shard_unreachable', 1000, cause);

/** What an error reply or a lost connection says about whether anything can have happened. */
export function faultOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('enableOfflineQueue')) return unreachable(error);
  switch (/^(?:ERR )?([A-Z]+)/.exec(message)?.[1]) {
    case 'FENCED': return new StoreError('refused', 'fenced', 500, error);
    // Refused before the script's first write (Redis, scriptVerifyWriteCommandAllow).
    case 'OOM': case 'MISCONF': return new StoreError('refused', 'storage_full', 5000, error);
    case 'READONLY': case 'LOADING': case 'MASTERDOWN': case 'BUSY': case 'NOREPLICAS':
      return unreachable(error);
    default: return new StoreError('unknown', 'shard_unreachable', 1000, error);
  }
}

/**
 * Put before every script that writes: the caller's pass must be the present one, so that neither
 * a dead incarnation (G7) nor what is late on an older connection (trap 4) does anything; and
 * its writes are counted, by which a lost tail shows (history.lua). One line, so that the line
 * numbers of errors stay right.
 */
const prelude = "do local p=table.remove(ARGV) local w=string.match(ARGV[1],'^%S+') "
  + "if redis.call('HGET','passes',w)~=p then return redis.error_reply('FENCED') end "
  + "redis.call('HINCRBY','writes',w,1) end ";
const guarded = new WeakMap<Script, Script>();
export function guard(script: Script): Script {
  let made = guarded.get(script);
  if (made === undefined) guarded.set(script, made = scriptOf(script.name, prelude + script.text));
  return made;
}

/** Bulk strings come as Buffers; this is where the client's untyped answers are checked. */
function replyOf(value: unknown): Reply {
  if (value === null || typeof value === 'number' || Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) return value.map(replyOf);
  if (typeof value === 'string') return Buffer.from(value);
  throw new TypeError(`a shard answered with a ${typeof value}`);
}

/** A black hole is given up after this, in milliseconds: a new connection is tried. */
const giveUpMs = 5000;

/**
 * The connection that carries one shard's commands. Nothing waits for a connection, nothing is
 * sent twice, order is kept, and what is not answered in time fails with its outcome unknown.
 */
export class ShardLink {
  readonly name: string;
  readonly address: ShardAddress;
  /** `away`: nothing can be sent; `joining`: only what joining needs; `up`. */
  state: 'away' | 'joining' | 'up' = 'away';
  /** This node as scripts on the shard know it: id and the shard's tag. */
  node = '';
  incarnation = '';
  /** See register.lua: what every writing script shows. */
  pass = '';
  /** Writing scripts acknowledged under this incarnation. */
  acknowledged = 0;
  readonly #options: LinkOptions;
  readonly #client: Redis;
  #pending: Pending[] = [];
  #first = 0;
  #stalled = false;
  #sinceMs: number;
  #loaded = new Set<string>();
  #closed = false;
  #stop: () => void = () => undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.name = options.address.name;
    this.address = options.address;
    this.#sinceMs = options.clock.monotonic();
    this.#client = connectRedis(options.address, 'commands');
    this.#client.on('ready', () => this.#ready());
    this.#client.on('close', () => this.#lost());
  }

  /** Begins to connect, and goes on until closed. */
  open(): void {
    this.#client.connect().catch(() => undefined);
    this.#look();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    this.state = 'away';
    this.#client.disconnect();
  }

  /** `<node> <incarnation>`: first argument of every script that writes. */
  get fence(): string {
    return `${this.node} ${this.incarnation}`;
  }

  get connected(): boolean {
    return this.#client.status === 'ready' && !this.#stalled;
  }

  /** Runs a script; one whose first argument is {@link fence} is held to the present pass. */
  async run(script: Script, args: readonly (string | Buffer | number)[]): Promise<Reply> {
    if (this.state !== 'up') throw unreachable();
    if (args[0] !== this.fence) return this.evaluate(script, args);
    const { pass } = this;
    try {
      const reply = await this.evaluate(guard(script), [...args, pass]);
      if (pass === this.pass) this.acknowledged += 1;
      return reply;
    } catch (error) {
      const fault = faultOf(error);
      if (fault.reason === 'fenced' && pass === this.pass && this.state === 'up') {
        this.state = 'joining';
        this.#options.fenced();
      }
      throw fault;
    }
  }

  /** Runs a script whatever the state: for joining alone. */
  async evaluate(script: Script, args: readonly (string | Buffer | number)[]): Promise<Reply> {
    if (!this.#loaded.has(script.sha) && this.connected) {
      this.#loaded.add(script.sha);
      // Not waited for: replies keep the order, and so do the two commands.
      this.send('SCRIPT', ['LOAD', script.text]).catch(() => this.#loaded.delete(script.sha));
    }
    try {
      return await this.send('EVALSHA', [script.sha, 0, ...args]);
    } catch (error) {
      const cause = error instanceof StoreError ? error.cause : error;
      if (!(cause instanceof Error) || !cause.message.startsWith('NOSCRIPT')) throw error;
      this.#loaded.delete(script.sha);
      return this.send('EVAL', [script.text, 0, ...args]);
    }
  }

  /** One command, in order. @throws StoreError refused, or unknown once it was written */
  send(command: string, args: readonly (string | Buffer | number)[]): Promise<Reply> {
    if (!this.connected) return Promise.reject(unreachable());
    if (this.#pending.length - this.#first >= this.#options.maxInFlight) {
      return Promise.reject(new StoreError('refused', 'overloaded', 500));
    }
    const { promise, resolve, reject } = withResolvers();
    const pending: Pending = { atMs: this.#options.clock.monotonic(), fail: reject };
    this.#pending.push(pending);
    this.#client.callBuffer(command, ...args).then((value: unknown) => {
      this.#answered(pending);
      resolve(replyOf(value));
    }, (error: unknown) => {
      this.#answered(pending);
      reject(faultOf(error));
    });
    return promise;
  }

  #answered(pending: Pending): void {
    pending.fail = undefined;
    while (this.#pending[this.#first]?.fail === undefined && this.#first < this.#pending.length) {
      this.#first += 1;
    }
    if (this.#first > 1000 || this.#first === this.#pending.length) {
      this.#pending = this.#pending.slice(this.#first);
      this.#first = 0;
    }
    if (this.#stalled && this.#client.status === 'ready') {
      this.#stalled = false;
      this.#ready();
    }
  }

  #ready(): void {
    if (this.#closed) return;
    this.#stalled = false;
    this.#sinceMs = this.#options.clock.monotonic();
    this.state = 'joining';
    this.#options.ready();
  }

  #lost(): void {
    this.#loaded = new Set();
    this.#stalled = false;
    this.#away('connection closed');
  }

  #away(reason: string): void {
    const was = this.state;
    this.state = 'away';
    if (was !== 'away') {
      this.#sinceMs = this.#options.clock.monotonic();
      if (!this.#closed) this.#options.down(reason);
    }
  }

  /** One timer a link in place of one a command (trap 14). */
  #look(): void {
    if (this.#closed) return;
    this.#stop = this.#options.clock.after(200, () => this.#look());
    const now = this.#options.clock.monotonic();
    for (let i = this.#first; i < this.#pending.length; i += 1) {
      const pending = this.#pending[i];
      if (pending?.fail === undefined) continue;
      if (now - pending.atMs < this.#options.timeoutMs) break;
      pending.fail(new StoreError('unknown', 'shard_unreachable', 1000));
      pending.fail = undefined;
      this.#stalled = true;
      this.#away('no answer');
    }
    const { status } = this.#client;
    if (this.state === 'away' && now - this.#sinceMs > giveUpMs && status !== 'reconnecting') {
      this.#sinceMs = now;
      this.#client.disconnect(true);
      // A client that gave up begins again.
      if (status === 'end') this.#client.connect().catch(() => undefined);
    }
  }
}

function withResolvers(): {
  promise: Promise<Reply>; resolve: (reply: Reply) => void; reject: (error: unknown) => void;
} {
  let resolve: (reply: Reply) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<Reply>((a, b) => {
    resolve = a;
    reject = b;
  });
  return { promise, resolve, reject };
}
