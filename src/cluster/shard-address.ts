import type { RedisOptions } from 'ioredis';

type Options = Omit<RedisOptions, 'replyMapping'>;

/** Where one shard is, from the list that the operator gave. */
export interface ShardAddress {
  /** What the slot table calls it; the order of the list means nothing. */
  readonly name: string;
  /** The address without its password, for logs. */
  readonly shown: string;
  /** Behind Sentinel: a failover may lose what `appendfsync always` had kept. */
  readonly sentinel: boolean;
  readonly options: Options;
}

const nameOf = /^([A-Za-z0-9][A-Za-z0-9._-]*)=(?=[a-z+]+:\/\/)/;
const schemes = /^(rediss?)(\+sentinel)?:$/;

/** `URL,name=URL,…`: split where a new address begins, since Sentinel's hosts have commas too. */
export const splitShards = (list: string): string[] =>
  list.split(/,(?=(?:[\w.-]+=)?rediss?(?:\+sentinel)?:\/\/)/).map((spec) => spec.trim());

const port = (text: string, otherwise: number): number => (text === '' ? otherwise : Number(text));

const credentials = (url: URL): Options => ({
  ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
  ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
});

function database(text: string): number {
  const db = text === '' ? 0 : Number(text);
  if (!Number.isInteger(db) || db < 0) throw new RangeError('the database must be a number ≥ 0');
  return db;
}

function sentinelOptions(rest: string, tls: boolean): { options: Options; plain: string } {
  const match = /^(?:([^@/]*)@)?([^/?]+)\/([^/?]+)(?:\/(\d+))?(?:\?(.*))?$/.exec(rest);
  if (match === null) {
    throw new RangeError('Sentinel is written redis+sentinel://host:port,host:port/master?db=0');
  }
  const [, login, hosts = '', master = '', db, query] = match;
  const asked = new URLSearchParams(query ?? '');
  const sentinels = hosts.split(',').map((text) => {
    const host = new URL(`redis://${text}`);
    return { host: host.hostname, port: port(host.port, 26_379) };
  });
  const sentinelPassword = asked.get('sentinelPassword');
  const number = database(db ?? asked.get('db') ?? '');
  return {
    plain: `${hosts}/${master}/${number}`,
    options: {
      ...(login === undefined ? {} : credentials(new URL(`redis://${login}@x`))),
      sentinels, name: decodeURIComponent(master), db: number,
      ...(sentinelPassword === null ? {} : { sentinelPassword }),
      ...(tls ? { tls: {}, enableTLSForSentinelMode: true } : {}),
    },
  };
}

/**
 * Reads one entry of the list of shards.
 * @param spec `URL` or `name=URL`; `redis://[user:password@]host[:port][/db]`, `rediss://` with
 *   TLS, `redis+sentinel://host:port,host:port/master?db=0`. Without a name it is `host:port/db`
 * @throws RangeError that says what is wrong and never shows a password
 */
export function parseShard(spec: string): ShardAddress {
  const given = nameOf.exec(spec)?.[1];
  const address = given === undefined ? spec : spec.slice(given.length + 1);
  const scheme = schemes.exec(address.slice(0, address.indexOf('://') + 1));
  if (scheme === null) throw new RangeError('a shard is written redis://host:port/db or name=URL');
  const tls = scheme[1] === 'rediss';
  if (scheme[2] !== undefined) {
    const { options, plain } = sentinelOptions(address.slice(address.indexOf('://') + 3), tls);
    const name = given ?? plain;
    return { name, shown: `${scheme[0]}//${plain}`, sentinel: true, options };
  }
  if (!URL.canParse(address)) throw new RangeError('the URL of a shard cannot be read');
  const url = new URL(address);
  const db = database(url.searchParams.get('db') ?? url.pathname.replace(/^\//, ''));
  const host = url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1';
  const at = port(url.port, 6379);
  const plain = `${host}:${at}/${db}`;
  return {
    name: given ?? plain, shown: `${scheme[0]}//${plain}`, sentinel: false,
    options: { ...credentials(url), host, port: at, db, ...(tls ? { tls: {} } : {}) },
  };
}

/** Reads the whole list. @throws RangeError for an empty one or a name that stands in it twice */
export function parseShards(specs: readonly string[]): ShardAddress[] {
  const addresses = specs.map(parseShard);
  if (addresses.length === 0) throw new RangeError('the list of shards is empty');
  const seen = new Set<string>();
  for (const { name } of addresses) {
    if (seen.has(name)) throw new RangeError(`two shards are called ${name}`);
    seen.add(name);
  }
  return addresses;
}
