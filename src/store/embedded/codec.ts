import { StoreError } from '../rooms.js';
import { sumBytes } from './kv.js';

/** What a stored value that can't be understood is answered with; never with a guess. */
export const corrupted = (what: string): StoreError =>
  new StoreError('refused', 'corrupted', 0, new Error(`the store holds a damaged ${what}`));

/**
 * Writes one value as compact bytes: numbers in groups of seven bits, texts with their length
 * before them. One writer is used for all, since encoding never waits.
 */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(4_096);
  #length = 0;

  start(): this {
    this.#length = 0;
    return this;
  }

  byte(value: number): this {
    this.#room(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** A whole number from 0 to 2^53. */
  number(value: number): this {
    this.#room(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  text(value: string): this {
    const length = Buffer.byteLength(value);
    this.number(length).#room(length);
    if (length < 24 && length === value.length) {
      for (let at = 0; at < length; at++) this.#bytes[this.#length + at] = value.charCodeAt(at);
    } else {
      this.#bytes.write(value, this.#length, length, 'utf8');
    }
    this.#length += length;
    return this;
  }

  /** A copy of what was written since {@link start}, room for the store's sum before it. */
  end(): Buffer {
    const value = Buffer.allocUnsafe(sumBytes + this.#length);
    this.#bytes.copy(value, sumBytes, 0, this.#length);
    return value;
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const wider = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + bytes));
    this.#bytes.copy(wider, 0, 0, this.#length);
    this.#bytes = wider;
  }
}

/** Reads what {@link ByteWriter} wrote; throws `corrupted` where the bytes end too early. */
export class ByteReader {
  #at = 0;

  constructor(private readonly bytes: Buffer, private readonly what: string) {}

  byte(): number {
    const value = this.bytes[this.#at++];
    if (value === undefined) throw corrupted(this.what);
    return value;
  }

  number(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const part = this.byte();
      value += (part & 0x7f) * unit;
      if (part < 0x80) return value;
      unit *= 0x80;
    }
  }

  text(): string {
    const length = this.number();
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.bytes.length) throw corrupted(this.what);
    return this.bytes.toString('utf8', from, this.#at);
  }

  get ended(): boolean {
    return this.#at >= this.bytes.length;
  }
}

/** The one writer: `write.start()… .end()`. */
export const write = new ByteWriter();

/** A text alone as a value. */
export const encodeText = (text: string): Buffer => write.start().text(text).end();
export const decodeText = (bytes: Buffer, what: string): string =>
  new ByteReader(bytes, what).text();
/** For keys that say all; made anew each time, since its sum is the key's. */
export const emptyValue = (): Buffer => write.start().end();
