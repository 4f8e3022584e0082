import type { TObject, TSchema } from 'typebox';
import { code, errorMessage } from './errors.js';
import type { EventSpec, Method } from './method.js';

/** Who a service says it is. */
export interface ServiceInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}

/** A document that describes a service (https://spec.open-rpc.org, version 1.3.2). */
export interface OpenRpcDocument {
  openrpc: string;
  info: { title: string; version: string; description?: string };
  methods: unknown[];
  components: { errors: Record<string, unknown> };
  'x-events': unknown[];
}

type Described = Pick<Method, 'name' | 'summary' | 'params' | 'result' | 'access' | 'errors'
  | 'example'>;

/** Codes that any call may be answered with, whatever the method. */
const common = [code.invalidRequest, code.invalidParams, code.internal, code.cancelled,
  code.deadline, code.requestTooLarge, code.answerTooLarge, code.busy, code.rateLimited];

const errorName = (number: number): string => `E${number}`.replace('-', '_');

/** Plain JSON of a schema: what only the validator needs is no part of the document. */
const plain = (schema: TSchema): unknown => JSON.parse(JSON.stringify(schema));

const content = (name: string, schema: TSchema, required: boolean): object => {
  const description: unknown = Reflect.get(schema, 'description');
  return {
    name, required, schema: plain(schema), ...(typeof description === 'string' && { description }),
  };
};

const contents = (params: TObject): object[] => {
  const required: unknown = Reflect.get(params, 'required');
  const names = Array.isArray(required) ? required : [];
  return Object.entries(params.properties)
    .map(([name, schema]) => content(name, schema, names.includes(name)));
};

function exampleParams(params: TObject, example: unknown): object[] {
  if (typeof example !== 'object' || example === null) return [];
  if (Array.isArray(example)) {
    return Object.keys(params.properties)
      .slice(0, example.length).map((name, index) => ({ name, value: example[index] as unknown }));
  }
  return Object.entries(example).map(([name, value]) => ({ name, value: value as unknown }));
}

function describeMethod(method: Described): object {
  const codes = new Set<number>(common);
  if (method.access === 'identity') codes.add(code.unauthenticated);
  const own = method.errors ?? [];
  for (const error of own) codes.delete(error.code);
  return {
    name: method.name,
    summary: method.summary,
    // Calls with params of either structure are accepted (JSON-RPC 2.0, section 4.2).
    paramStructure: 'either',
    params: contents(method.params),
    result: content('result', method.result, true),
    errors: [
      ...[...codes].map((number) => ({ $ref: `#/components/errors/${errorName(number)}` })),
      ...describeErrors(own),
    ],
    examples: [{
      name: 'example',
      params: exampleParams(method.params, method.example.params),
      result: { name: 'result', value: method.example.result },
    }],
    'x-access': method.access,
  };
}

/** A method's own errors: one a code, since a document lists each code once. */
function describeErrors(errors: NonNullable<Method['errors']>): object[] {
  return [...new Set(errors.map((error) => error.code))].map((number) => ({
    code: number,
    message: messageOf(number),
    data: {
      reasons: errors.filter((error) => error.code === number)
        .map(({ reason, when }) => ({ reason, when })),
    },
  }));
}

function messageOf(number: number): string {
  const messages: Readonly<Record<number, string>> = errorMessage;
  return messages[number] ?? 'Error';
}

const describeEvent = (event: EventSpec): object => ({
  name: event.name,
  summary: event.summary,
  params: contents(event.params),
  example: event.example,
});

/**
 * The document of a service. Events, which OpenRPC has no word for, stand under `x-events` in the
 * shape of methods without a result.
 */
export function openrpc(
  info: ServiceInfo, methods: readonly Described[], events: readonly EventSpec[],
): OpenRpcDocument {
  const errors: Record<string, unknown> = {};
  for (const number of Object.values(code)) {
    errors[errorName(number)] = { code: number, message: errorMessage[number] };
  }
  return {
    openrpc: '1.3.2',
    info: { ...info },
    methods: methods.map(describeMethod),
    components: { errors },
    'x-events': events.map(describeEvent),
  };
}
