import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

// The two meta pages of data version 2 (mdb.c, MDB_page and MDB_meta), little-endian, 64 bits.
const pageHeaderBytes = 24;
const magicAt = pageHeaderBytes;
const pageSizeAt = pageHeaderBytes + 24;
const lastPageAt = pageHeaderBytes + 24 + 2 * 48;
const transactionAt = lastPageAt + 8;
const magic = 0xbeefc0de;
const metaBytes = transactionAt + 8;

/** What the meta pages say of the file, and how long it is. */
export interface FileShape {
  readonly bytes: number;
  /** Bytes that the newest root may refer to. */
  readonly neededBytes: number;
}

/**
 * Looks at a store's file before LMDB maps it: reading past the end of a mapped file kills the
 * process, so a cut file must be found beforehand.
 * @returns undefined where there is no file yet
 * @throws Error naming the folder, for a file that is no store at all
 */
export function fileShape(folder: string): FileShape | undefined {
  const path = join(folder, 'data.mdb');
  if (!existsSync(path)) return undefined;
  const descriptor = openSync(path, 'r');
  try {
    const bytes = fstatSync(descriptor).size;
    if (bytes === 0) return undefined;
    const first = readMeta(descriptor, 0);
    const pageBytes = first?.pageBytes ?? 4_096;
    const second = readMeta(descriptor, pageBytes);
    const newest = [first, second].filter((meta) => meta !== undefined)
      .sort((a, b) => Number(b.transaction - a.transaction))[0];
    if (first === undefined || second === undefined || newest === undefined) {
      throw new Error(`the store in ${folder} is damaged: ${path} does not begin as it should`);
    }
    return { bytes, neededBytes: (newest.lastPage + 1) * pageBytes };
  } finally {
    closeSync(descriptor);
  }
}

function readMeta(
  descriptor: number, at: number,
): { pageBytes: number; lastPage: number; transaction: bigint } | undefined {
  const meta = Buffer.alloc(metaBytes);
  if (readSync(descriptor, meta, 0, metaBytes, at) < metaBytes) return undefined;
  if (meta.readUInt32LE(magicAt) !== magic) return undefined;
  return {
    pageBytes: meta.readUInt32LE(pageSizeAt),
    lastPage: Number(meta.readBigUInt64LE(lastPageAt)),
    transaction: meta.readBigUInt64LE(transactionAt),
  };
}

/** Ends with 0 only when every value of the store could be read. */
const readAll = `
  const { open } = await import(process.argv[1]);
  const root = open({ path: process.argv[2], readOnly: true, keyEncoding: 'binary',
    encoding: 'binary', overlappingSync: false });
  for (const { value } of root.getRange({})) value.at(-1);
`;

/**
 * Refuses a store whose file was cut. The end of a file may also be missing because nothing uses
 * it, so a short file is read whole first, by another process, since reading what is missing
 * would kill this one.
 * @throws Error naming the folder
 */
export function checkWhole(folder: string): void {
  const shape = fileShape(folder);
  if (shape === undefined || shape.bytes >= shape.neededBytes) return;
  const { status } = spawnSync(process.execPath,
    ['--input-type=module', '--eval', readAll, import.meta.resolve('lmdb'), folder]);
  if (status === 0) return;
  throw new Error(`the store in ${folder} is damaged: its file is cut short by `
    + `${shape.neededBytes - shape.bytes} bytes; restore it from a copy`);
}
