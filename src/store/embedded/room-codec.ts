import { ByteReader, write } from './codec.js';

/** A membership as it is kept under its user. */
export interface Interval {
  readonly since: number;
  readonly at: number;
}

export const encodeInterval = ({ since, at }: Interval): Buffer =>
  write.start().number(since).number(at).end();

export function decodeInterval(bytes: Buffer): Interval {
  const reader = new ByteReader(bytes, 'membership');
  return { since: reader.number(), at: reader.number() };
}

/** A read position as it is kept under its user. */
export interface Position {
  readonly seq: number;
  readonly count: number;
  /** `RoomHead.reads` of the last explicit move; 0 where only own messages moved it. */
  readonly version: number;
  readonly at: number;
}

export const encodePosition = (position: Position): Buffer => write.start()
  .number(position.seq).number(position.count).number(position.version).number(position.at).end();

export function decodePosition(bytes: Buffer): Position {
  const reader = new ByteReader(bytes, 'read position');
  return {
    seq: reader.number(), count: reader.number(), version: reader.number(), at: reader.number(),
  };
}

/** What became of a call, as long as its key is remembered (G3). */
export interface CallRecord {
  /** Wall clock, ms since 1970; 0 for never. First, since the sweep reads it alone. */
  readonly expiresAt: number;
  readonly digest: string;
  readonly seq: number;
  readonly at: number;
  readonly epoch: string;
}

export const encodeCall = (call: CallRecord): Buffer => write.start()
  .number(call.expiresAt).text(call.digest).number(call.seq).number(call.at).text(call.epoch)
  .end();

export function decodeCall(bytes: Buffer): CallRecord {
  const reader = new ByteReader(bytes, 'record of a call');
  return {
    expiresAt: reader.number(), digest: reader.text(), seq: reader.number(),
    at: reader.number(), epoch: reader.text(),
  };
}

/** How far a room was forwarded, kept while something is pending. */
export interface Mark {
  readonly seq: number;
  readonly reads: number;
  readonly shards: readonly string[];
}

export function encodeMark({ seq, reads, shards }: Mark): Buffer {
  write.start().number(seq).number(reads).number(shards.length);
  for (const shard of shards) write.text(shard);
  return write.end();
}

export function decodeMark(bytes: Buffer): Mark {
  const reader = new ByteReader(bytes, 'outbox mark');
  const seq = reader.number();
  const reads = reader.number();
  return { seq, reads, shards: Array.from({ length: reader.number() }, () => reader.text()) };
}
