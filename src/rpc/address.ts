import { BlockList, isIP } from 'node:net';

/**
 * One spelling for one address: IPv4 inside IPv6 as IPv4, IPv6 in eight plain groups.
 * @returns undefined for what is no address
 */
export function canonicalAddress(text: string): string | undefined {
  const version = isIP(text);
  if (version === 4) return text;
  if (version === 0) return undefined;
  const zone = text.indexOf('%');
  const groups = expand(zone === -1 ? text : text.slice(0, zone));
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped) {
    const [high = 0, low = 0] = groups.slice(6);
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  return groups.map((group) => group.toString(16)).join(':');
}

/** Eight numbers of a valid IPv6 address. */
function expand(text: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted !== null) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.slice(2).map(Number);
    return expand(`${dotted[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`);
  }
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [front = '', back] = text.split('::');
  const head = parse(front);
  if (back === undefined) return head;
  const tail = parse(back);
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/**
 * What an address is counted by: an IPv6 network of 64 bits is one customer's, who has more
 * addresses in it than there could be counters.
 */
export function countedBy(address: string): string {
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}

/** Proxies that may name the caller's address in X-Forwarded-For; nobody else is believed. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly any: boolean;

  /**
   * @param proxies addresses, or networks as `10.0.0.0/8`
   * @throws RangeError for what is neither
   */
  constructor(proxies: readonly string[]) {
    this.any = proxies.length > 0;
    for (const proxy of proxies) {
      const [net = '', bits] = proxy.split('/');
      const version = isIP(net);
      const prefix = bits === undefined ? (version === 4 ? 32 : 128) : Number(bits);
      if (version === 0 || !Number.isInteger(prefix) || prefix < 0 ||
        prefix > (version === 4 ? 32 : 128)) {
        throw new RangeError(`trusted proxy ${proxy} is neither an address nor a network`);
      }
      this.#list.addSubnet(net, prefix, version === 4 ? 'ipv4' : 'ipv6');
    }
  }

  /**
   * The caller's address: from the right, the first that no trusted proxy has. What a caller
   * wrote further left itself is never reached.
   * @param peer the socket's other end
   * @param forwardedFor X-Forwarded-For, all of its lines joined by commas
   */
  caller(peer: string, forwardedFor: string): string {
    let caller = canonicalAddress(peer) ?? peer;
    if (!this.any || forwardedFor === '' || !this.#trusts(caller)) return caller;
    const hops = forwardedFor.split(',');
    for (let i = hops.length - 1; i >= 0; i -= 1) {
      const hop = canonicalAddress((hops[i] ?? '').trim());
      if (hop === undefined) return caller;
      caller = hop;
      if (!this.#trusts(hop)) return caller;
    }
    return caller;
  }

  #trusts(address: string): boolean {
    return this.#list.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
  }
}

/** Connections without an identity, counted by address. */
export class AddressCounter {
  readonly #counts = new Map<string, number>();
  readonly #max: number;

  /** @param max connections of one address at once; 0: any number */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether one more is allowed now. */
  hasRoom(address: string): boolean {
    return this.#max === 0 || (this.#counts.get(countedBy(address)) ?? 0) < this.#max;
  }

  add(address: string): void {
    const key = countedBy(address);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Undoes one {@link add}. */
  remove(address: string): void {
    const key = countedBy(address);
    const count = this.#counts.get(key) ?? 0;
    if (count <= 1) this.#counts.delete(key);
    else this.#counts.set(key, count - 1);
  }

  /** Addresses that have any. */
  get size(): number {
    return this.#counts.size;
  }
}
