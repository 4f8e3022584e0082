import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { createClient, type ClientOptions } from '../../src/client/index.js';

const command = fileURLToPath(new URL('../../bin/ringpost.js', import.meta.url));

export type AnyClient = ReturnType<typeof createClient>;

/** A process by its lines. */
export class Process {
  readonly lines: string[] = [];
  readonly child: ChildProcess;
  #told: (() => void)[] = [];
  #ended = false;

  private constructor(child: ChildProcess) {
    this.child = child;
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        this.#tell();
      });
    }
    // Not exit: what it said last may still be in the pipes.
    this.child.once('close', () => {
      this.#ended = true;
      this.#tell();
    });
  }

  static of(child: ChildProcess): Process {
    return new Process(child);
  }

  /** The command `ringpost`. */
  static ringpost(...args: readonly string[]): Process {
    return new Process(spawn(process.execPath, [command, ...args], {
      env: { ...process.env, NO_COLOR: '1' },
    }));
  }

  #tell(): void {
    for (const told of this.#told.splice(0)) told();
  }

  /** The n-th line that matches, counted from 1, as soon as it is there. */
  async line(pattern: RegExp, n = 1): Promise<string> {
    for (;;) {
      const found = this.lines.filter((line) => pattern.test(line))[n - 1];
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`ended without ${pattern}:\n${this.lines.join('\n')}`);
      await new Promise<void>((resolve) => this.#told.push(resolve));
    }
  }

  write(text: string): void {
    this.child.stdin?.write(`${text}\n`);
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.#ended) this.child.kill(signal);
    await this.ended();
  }

  /** The exit code, once it has ended and said everything. */
  async ended(): Promise<number | null> {
    while (!this.#ended) await new Promise<void>((resolve) => this.#told.push(resolve));
    return this.child.exitCode;
  }
}

/** A folder for a server's data, gone after the test. */
export function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'ringpost-client-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface Served {
  readonly url: string;
  readonly process: Process;
}

/** The real server, ready; ended with the test at the latest. */
export async function serve(t: Test, data: string): Promise<Served> {
  const server = Process.ringpost(
    'serve', '--dev', '--port', '0', '--data', data, '--log', 'silent',
  );
  t.teardown(() => server.end());
  const ready = await server.line(/ready: http/);
  const [url] = /http\S+/.exec(ready) ?? [];
  if (url === undefined) throw new Error(`no URL in: ${ready}`);
  return { url, process: server };
}

/** A client that ends with the test and takes what it can't tell by a call as normal. */
export function client(
  t: Test, url: string, token: string, options: ClientOptions = {},
): AnyClient {
  const made = createClient({ url, token, backoffBaseMs: 20, backoffMaxMs: 200, ...options });
  made.on('error', () => undefined);
  t.teardown(() => made.close());
  return made;
}

/** Collects what a client is told in a room, and waits for a text in it. */
export class Listener {
  readonly texts: string[] = [];
  #told: (() => void)[] = [];

  constructor(from: AnyClient, room: string) {
    from.on('message.created', (message) => {
      if (message.room !== room) return;
      this.texts.push(message.text ?? '');
      for (const told of this.#told.splice(0)) told();
    });
  }

  async heard(text: string): Promise<void> {
    while (!this.texts.includes(text)) {
      await new Promise<void>((resolve) => this.#told.push(resolve));
    }
  }
}
