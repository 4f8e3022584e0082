/**
 * Writes what Lua's `struct.unpack('>…')` reads: big-endian numbers, and texts behind their
 * length. One buffer serves all; {@link end} copies out.
 */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(4_096);
  #at = 0;

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }

  start(): this {
    this.#at = 0;
    return this;
  }

  /** `B`. */
  u8(value: number): this {
    this.#room(1);
    this.#at = this.#bytes.writeUInt8(value, this.#at);
    return this;
  }

  /** `H`. */
  u16(value: number): this {
    this.#room(2);
    this.#at = this.#bytes.writeUInt16BE(value, this.#at);
    return this;
  }

  /** `I4`; what is beyond counts as the greatest. */
  u32(value: number): this {
    this.#room(4);
    this.#at = this.#bytes.writeUInt32BE(Math.min(Math.max(value, 0), 0xffff_ffff), this.#at);
    return this;
  }

  /** `I6`: times in milliseconds. */
  u48(value: number): this {
    this.#room(6);
    this.#at = this.#bytes.writeUIntBE(
      Math.min(Math.max(Math.floor(value), 0), 2 ** 48 - 1), this.#at, 6);
    return this;
  }

  /** `Hc0`. */
  text(value: string): this {
    const at = this.#at;
    this.u16(0).rest(value);
    this.#bytes.writeUInt16BE(this.#at - at - 2, at);
    return this;
  }

  /** `I4c0`. */
  longText(value: string): this {
    const at = this.#at;
    this.u32(0).rest(value);
    this.#bytes.writeUInt32BE(this.#at - at - 4, at);
    return this;
  }

  /** Text without its length: the last of an item. */
  rest(value: string): this {
    // A UTF-16 unit takes at most three bytes in UTF-8.
    this.#room(value.length * 3);
    this.#at += this.#bytes.write(value, this.#at);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  end(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }
}

/** Reads what `struct.pack('>…')` wrote. @throws RangeError where it ends too early */
export class ByteReader {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  get ended(): boolean {
    return this.#at >= this.bytes.length;
  }

  u8(): number {
    return this.bytes.readUInt8(this.#advance(1));
  }

  u16(): number {
    return this.bytes.readUInt16BE(this.#advance(2));
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.#advance(4));
  }

  u48(): number {
    return this.bytes.readUIntBE(this.#advance(6), 6);
  }

  text(): string {
    return this.#take(this.u16());
  }

  longText(): string {
    return this.#take(this.u32());
  }

  rest(): string {
    return this.#take(this.bytes.length - this.#at);
  }

  #take(length: number): string {
    const at = this.#advance(length);
    if (at + length > this.bytes.length) throw new RangeError('a text ends too early');
    return this.bytes.toString('utf8', at, at + length);
  }

  #advance(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }
}

/** Shared by all that pack within one turn: nothing keeps it across an await. */
export const write = new ByteWriter();
