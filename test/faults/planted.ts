import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { temporaryFolder } from '../helpers/server.js';
import type { FindingKind } from './checker.js';

interface Change {
  /** A compiled file, from the top of the package. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface PlantedFault {
  readonly name: string;
  readonly changes: readonly Change[];
  /** One of these findings must be among those that catch it. */
  readonly caughtAs: readonly FindingKind[];
}

const embedded = 'dist/src/store/embedded';

/** Faults that one node with the embedded store could have; each must be caught. */
export const plantedFaults: readonly PlantedFault[] = [
  {
    name: 'acknowledged before the flush', caughtAs: ['lost', 'diverging'],
    changes: [{
      file: `${embedded}/committer.js`,
      from: 'group.resolve.push(resolve);', to: 'resolve();',
    }, {
      file: `${embedded}/committer.js`,
      from: 'setImmediate(() => { void this.#commit(); });',
      to: 'setTimeout(() => { void this.#commit(); }, 60);',
    }],
  },
  {
    name: 'the same key is taken twice', caughtAs: ['duplicate'],
    changes: [{
      file: `${embedded}/rooms.js`,
      from: 'const before = this.#callBefore(tx, key);', to: 'const before = undefined;',
    }],
  },
  {
    name: 'no outbox mark', caughtAs: ['gap'],
    changes: [{
      file: `${embedded}/room-state.js`, from: 'this.setMark(forwarded);', to: '',
    }, {
      // No fault by itself: a slow delivery, for which the mark is there.
      file: 'dist/src/chat/forwarder.js',
      from: 'void this.#kick(flow);', to: 'setTimeout(() => void this.#kick(flow), 50);',
    }],
  },
  {
    name: 'numbers are used again after a crash', caughtAs: ['lost', 'diverging'],
    changes: [{
      file: `${embedded}/room-state.js`,
      from: 'this.kept = mark === undefined',
      to: 'if (this.head?.seq > 1) this.head = { ...this.head, seq: this.head.seq - 1 };\n'
        + 'this.kept = mark === undefined',
    }],
  },
  {
    name: 'a feed loses entries', caughtAs: ['gap'],
    changes: [{
      file: `${embedded}/feeds.js`,
      from: 'touched.add(state);',
      to: 'touched.add(state); if (item.seq % 7 === 3) { state.setRow(what.row); continue; }',
    }],
  },
  {
    name: 'resuming begins one entry late', caughtAs: ['gap'],
    changes: [{
      file: 'dist/src/chat/feed-sink.js',
      from: 'this.#position.at = cursor.n;',
      to: 'this.#position.at = Math.min(cursor.n + 1, head);',
    }],
  },
  {
    name: 'resuming begins one entry early', caughtAs: ['duplicate'],
    changes: [{
      file: 'dist/src/chat/feed-sink.js',
      from: 'this.#position.at = cursor.n;', to: 'this.#position.at = Math.max(0, cursor.n - 1);',
    }],
  },
];

/** From dist/test/faults to the top. */
const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/**
 * Plants a fault in a scratch copy of what is compiled.
 * @returns the command of the copy
 * @throws where the text to change is not there exactly once: the source has moved, and a fault
 *   that was never planted would prove nothing
 */
export function plant(t: Test, fault: PlantedFault): string {
  const scratch = temporaryFolder(t);
  for (const part of ['dist/src', 'dist/bin', 'package.json']) {
    cpSync(join(root, part), join(scratch, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'));
  for (const { file, from, to } of fault.changes) {
    const path = join(scratch, file);
    const pieces = readFileSync(path, 'utf8').split(from);
    if (pieces.length !== 2) {
      throw new Error(`${fault.name}: ${file} has ${pieces.length - 1} times ${from}`);
    }
    writeFileSync(path, pieces.join(to));
  }
  return join(scratch, 'dist/bin/ringpost.js');
}
