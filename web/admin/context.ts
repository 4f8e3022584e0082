import { CallError, createClient, type Client } from '../../src/client/index.js';

export interface ParamDoc {
  readonly name: string;
  readonly required: boolean;
  /** In the words of JSON Schema. */
  readonly type: string;
}

/** One method as `rpc.discover` describes it. */
export interface MethodDoc {
  readonly name: string;
  readonly summary: string;
  readonly params: readonly ParamDoc[];
  readonly example: Readonly<Record<string, unknown>>;
}

/** Who is signed in, and what there is for them. */
export interface Desk {
  readonly client: Client;
  readonly me: string;
  readonly role: string;
  readonly methods: readonly MethodDoc[];
  /** Whether a control for this is shown; the server decides again whatever is shown. */
  may(method: string): boolean;
}

export const record = (value: unknown): Record<string, unknown> => Object(value);
export const records = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.map(record) : [];
export const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
export const number = (value: unknown): number => typeof value === 'number' ? value : 0;

/** What a failed call says to a person. */
export function reasonOf(fault: unknown): string {
  if (!(fault instanceof CallError)) return fault instanceof Error ? fault.message : String(fault);
  if (fault.code === -32601) return `This server has no ${fault.method}`;
  if (fault.code === 403) return `Your role may not do this (${fault.method})`;
  if (fault.code === 401) return 'The token is not valid';
  const path = fault.data?.path;
  return `${fault.message}${path === undefined ? '' : ` at ${path}`}`;
}

const typeOf = (schema: Record<string, unknown>): string =>
  Array.isArray(schema['enum']) ? schema['enum'].map((one) => JSON.stringify(one)).join(' | ')
    : text(schema['type']) || 'any';

function methodDoc(entry: Record<string, unknown>): MethodDoc {
  const params = records(entry['params']).map((param) => ({
    name: text(param['name']), required: param['required'] === true,
    type: typeOf(record(param['schema'])),
  }));
  const [example] = records(entry['examples']);
  const given = records(example?.['params']).map((one) => [text(one['name']), one['value']]);
  return {
    name: text(entry['name']), summary: text(entry['summary']), params,
    example: Object.fromEntries(given),
  };
}

/** What supervisors of a call centre may not do, by any road. */
const adminsAlone = new Set([
  'user.block', 'user.unblock', 'user.import', 'session.revoke', 'user.role', 'user.active',
  'access.explain',
]);
/** Rights finer than a method. */
const partOf: Readonly<Record<string, string>> = {
  'user.role': 'user.update', 'user.active': 'user.update',
};

function mayOf(role: string, methods: readonly MethodDoc[]): (method: string) => boolean {
  const known = new Set(methods.map(({ name }) => name));
  return (method) => known.has(partOf[method] ?? method)
    && (role === 'admin' || (role === 'supervisor' && !adminsAlone.has(method)));
}

/**
 * Signs in and reads what there is.
 * @throws CallError 401, or ClientError when there is no way
 */
export async function openDesk(url: string, token: string): Promise<Desk> {
  const client = createClient({ url, token, feed: false });
  client.on('error', () => undefined);
  try {
    const { user, role } = await client.ready();
    const document: unknown = await client.call('rpc.discover');
    const methods = records(record(document)['methods']).map(methodDoc)
      .sort((a, b) => a.name.localeCompare(b.name));
    return { client, me: user, role, methods, may: mayOf(role, methods) };
  } catch (fault) {
    client.close();
    throw fault;
  }
}

/** Every page of a list. */
export async function allOf(
  client: Client, method: string, params: object, member: string,
): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  let page: unknown;
  do {
    const asked = page === undefined ? params : { ...params, page };
    const answer = record(await client.call(method, asked));
    found.push(...records(answer[member]));
    page = answer['page'];
  } while (page !== undefined && found.length < 10_000);
  return found;
}
