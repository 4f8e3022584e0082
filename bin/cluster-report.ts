/** Lines of Redis that say nothing to whoever tries things out; the rest are faults, and shown. */
const routine = new RegExp([
  'Redis is starting', 'Redis version=', 'Configuration loaded', 'Server initialized',
  'Memory overcommit', 'Transparent Huge Pages', 'TCP backlog', 'Received SIGTERM',
  'User requested shutdown', 'Redis is now ready to exit',
].join('|'));
/** `27001:M 22 Nov 2026 04:41:12.381 # text`. */
const redisLine = /^\d+:(?:[A-Z]|signal-handler)\b.*?(?:[.*#-] |\) )(.*)$/;
const ready = /^ringpost is ready: (\S+)$/;
const development = /DEVELOPMENT MODE/;

/** What a line of a process becomes; undefined: nobody needs it. */
function shownLine(worker: string, line: string): string | undefined {
  if (line.trim() === '' || (worker.startsWith('shard') && routine.test(line))) return undefined;
  return redisLine.exec(line)?.[1] ?? line;
}

export interface ReportOptions {
  readonly nodes: number;
  readonly shards: number;
  readonly folder: string;
  /** How the command is called here, such as `ringpost`. */
  readonly command: string;
  readonly print: (text: string, stream: 'out' | 'err') => void;
}

/** Shows what the processes of a local cluster say, and once all serve, where and what next. */
export class ClusterReport {
  readonly #options: ReportOptions;
  readonly #rests = new Map<string, string>();
  readonly #urls = new Map<string, string>();
  #toldDevelopment = false;

  constructor(options: ReportOptions) {
    this.#options = options;
  }

  /** Takes a piece of what a process printed; whole lines are passed on, with its name. */
  readonly take = (worker: string, chunk: string, stream: 'out' | 'err'): void => {
    const lines = ((this.#rests.get(worker + stream) ?? '') + chunk).split('\n');
    this.#rests.set(worker + stream, lines.pop() ?? '');
    for (const line of lines) this.#line(worker, line, stream);
  };

  #line(worker: string, line: string, stream: 'out' | 'err'): void {
    const shown = shownLine(worker, line);
    if (shown === undefined) return;
    if (development.test(shown)) {
      // Each node says so, in its log as well: once is enough.
      if (this.#toldDevelopment) return;
      this.#toldDevelopment = true;
    }
    this.#options.print(`${worker.padEnd(7)}│ ${shown}\n`, stream);
    const url = ready.exec(line)?.[1];
    if (url === undefined) return;
    const before = this.#urls.size;
    this.#urls.set(worker, url);
    if (before < this.#options.nodes && this.#urls.size === this.#options.nodes) this.#whatNext();
  }

  #whatNext(): void {
    const { nodes, shards, folder, command, print } = this.#options;
    const urls = [...this.#urls].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
    const [first = '', second = first] = urls.map(([, url]) => url);
    const several = (count: number, what: string): string =>
      `${count} ${what}${count === 1 ? '' : 's'}`;
    print([
      '', `${several(nodes, 'node')} over ${several(shards, 'shard')} serve; `
        + `what is written stays in ${folder}`, '',
      ...urls.map(([name, url]) => `  ${name.padEnd(7)} ${url}`), '',
      'Talk over them, in two further terminals:', '',
      `  ${command} client ${first} --user Simon`,
      `  ${command} client ${second} --user Fedir`, '',
      'The same command goes on with the same data. Ctrl-C ends all of it.', '', '',
    ].join('\n'), 'out');
  }
}
