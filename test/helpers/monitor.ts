import { once } from 'node:events';
import { connect } from 'node:net';
import { guard } from '../../src/cluster/redis/link.js';
import { scripts as clusterScripts } from '../../src/cluster/redis/scripts.js';
import { scripts as storeScripts } from '../../src/store/redis/scripts.js';
import { eventually } from './eventually.js';
import type { RedisServer } from './redis.js';

/** One command that a client sent, with what its script called: they run with nothing between. */
export interface Ran {
  /** Name of the script, or of the command where it is none. */
  readonly name: string;
  /** Commands in all, the script's own among them. */
  commands: number;
  /** What it published. */
  readonly published: { readonly channel: string; readonly body: Buffer }[];
}

export interface Monitor {
  /** Everything so far, in the server's order. */
  readonly ran: readonly Ran[];
  /** Resolves when all that ran until now is in {@link ran}. */
  caughtUp(): Promise<void>;
  close(): void;
}

const names = new Map([...Object.values(storeScripts), ...Object.values(clusterScripts)]
  .flatMap((script) => [[script.sha, script.name], [guard(script).sha, script.name]]));
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

/** Arguments as MONITOR quotes them, back to bytes. */
function unquote(text: string): Buffer[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, quoted = '']) =>
    Buffer.from(quoted.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_all, hex?: string, one = '') =>
      (hex === undefined ? escapes[one] ?? one : String.fromCharCode(parseInt(hex, 16)))),
    'latin1'));
}

/** Listens to every command of a server, as `redis-cli MONITOR` does. */
export async function monitor(server: RedisServer): Promise<Monitor> {
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  const ran: Ran[] = [];
  let [rest, begun, marks] = ['', false, 0];
  const marked = new Set<string>();
  const take = (line: string): void => {
    if (line === '+OK') begun = true;
    const match = /^\+[\d.]+ \[\d+ (\S+)\] (.*)$/.exec(line);
    if (match === null) return;
    const [command = Buffer.alloc(0), first = Buffer.alloc(0), second] = unquote(match[2] ?? '');
    const verb = command.toString().toLowerCase();
    if (verb === 'echo') {
      marked.add(first.toString());
    } else if (match[1] !== 'lua') {
      const script = verb === 'evalsha' ? names.get(first.toString()) : undefined;
      ran.push({ name: script ?? verb, commands: 1, published: [] });
    } else {
      const last = ran.at(-1);
      if (last === undefined) return;
      last.commands += 1;
      if (verb === 'publish' && second !== undefined) {
        last.published.push({ channel: first.toString(), body: second });
      }
    }
  };
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\r\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
  socket.on('error', () => undefined).write('MONITOR\r\n');
  await eventually('the server is monitored', () => begun);
  return {
    ran,
    async caughtUp() {
      const mark = `mark-${++marks}`;
      const other = connect(server.port, '127.0.0.1', () => other.end(`ECHO ${mark}\r\n`));
      other.on('error', () => undefined).resume();
      await eventually('MONITOR has caught up', () => marked.has(mark));
    },
    close: () => socket.destroy(),
  };
}
