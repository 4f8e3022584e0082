import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What opening one end of a pipe fails with while nobody holds the other. */
const nobodyReads = 'ENXIO';

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code : undefined;

/**
 * Keeps a data folder to one process. A named pipe in the folder is held open for reading: the
 * kernel knows whether anyone does, across containers too, and lets go by itself when a process
 * is killed; a file with a process id would know neither.
 *
 * @param exclusively runs its argument while no other process can run theirs on this folder:
 *   between looking and taking nobody may come
 * @returns lets go of the folder
 * @throws Error naming the folder when another process has it open
 */
export function lockFolder(
  folder: string, exclusively: (run: () => void) => void,
): () => void {
  const pipe = join(folder, 'in-use');
  let held: number | undefined;
  exclusively(() => {
    makePipe(pipe);
    try {
      closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
    } catch (error) {
      if (codeOf(error) !== nobodyReads) throw error;
      held = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    }
  });
  if (held === undefined) {
    throw new Error(`the data folder ${folder} is open in another process: stop that first, `
      + 'or give this one a folder of its own');
  }
  const descriptor = held;
  return () => closeSync(descriptor);
}

function makePipe(pipe: string): void {
  const there = statSync(pipe, { throwIfNoEntry: false });
  if (there?.isFIFO() === true) return;
  if (there !== undefined) throw new Error(`${pipe} is in the way of the store's own file`);
  const { status, stderr, error } = spawnSync('mkfifo', ['-m', '600', pipe]);
  if (status === 0) return;
  throw new Error(`the data folder can't be locked: mkfifo ${pipe} failed: `
    + `${error?.message ?? stderr.toString().trim()}`, { cause: error });
}
