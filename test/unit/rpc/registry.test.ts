import { createRequire } from 'node:module';
import t from 'tap';
import Type from 'typebox';
import { Registry, code, defineEvent, defineMethod } from '../../../src/rpc/index.js';
import { transcriptRegistry } from '../../transcripts/runner.js';
import { makeService } from './service.js';

// Its types are sources that do not compile under our settings.
const openrpcTools: {
  parseOpenRPCDocument(text: string): Promise<{ openrpc: string; methods: { name: string }[] }>;
  validateOpenRPCDocument(document: unknown): unknown;
} = createRequire(import.meta.url)('@open-rpc/schema-utils-js');

const define = defineMethod<unknown>();
const method = define({
  name: 'send',
  summary: 'Sends.',
  params: Type.Object({
    text: Type.String({ maxLength: 3, 'x-limit': 'maxTextCodePoints' }),
    to: Type.Optional(Type.Array(Type.String(), { maxItems: 2 })),
    kind: Type.Optional(Type.Enum(['a', 'b'])),
    'a/b': Type.Optional(Type.Object({ c: Type.Integer({ minimum: 0 }) })),
  }),
  result: Type.Object({ seq: Type.Integer() }),
  access: 'identity',
  errors: [{ code: code.conflict, reason: 'exists', when: 'it is there' },
    { code: code.conflict, reason: 'key_reused', when: 'the key was used' }],
  example: { params: { text: 'hi' }, result: { seq: 1 } },
  handler: () => ({ seq: 1 }),
});

t.test('names are taken once, and reserved ones never', async (t) => {
  const registry = new Registry().method(method);
  t.throws(() => registry.method(method), RangeError);
  for (const name of ['rpc.mine', '$/mine', '']) {
    t.throws(() => registry.method({ ...method, name }), RangeError);
  }
  const event = defineEvent({ name: 'e', summary: 'E.', params: Type.Object({}), example: {} });
  registry.event(event);
  t.throws(() => registry.event(event), RangeError);
});

t.test('params that do not fit are named by place, reason and limit', async (t) => {
  const registered = new Registry().method(method).find('send');
  const fault = (params: unknown) => registered?.check(params)?.data;
  t.equal(registered?.check({ text: 'hi' }), undefined);
  t.same(fault({}), { reason: 'missing', path: '/text' });
  t.same(fault({ text: 1 }), { reason: 'wrong_type', path: '/text' });
  t.same(fault({ text: 'long' }), {
    reason: 'too_long', path: '/text', limit: 'maxTextCodePoints',
  });
  t.same(fault({ text: '😀😀😀😀' }), {
    reason: 'too_long', path: '/text', limit: 'maxTextCodePoints',
  });
  t.equal(registered?.check({ text: '😀😀😀' }), undefined, 'code points, not UTF-16 units');
  t.same(fault({ text: 'a', to: ['a', 'b', 'c'] }), { reason: 'too_many', path: '/to' });
  t.same(fault({ text: 'a', to: ['a', 1] }), { reason: 'wrong_type', path: '/to/1' });
  t.same(fault({ text: 'a', kind: 'c' }), { reason: 'not_one_of', path: '/kind' });
  t.same(fault({ text: 'a', 'a/b': { c: -1 } }), { reason: 'too_small', path: '/a~1b/c' });
  t.same(fault({ text: 'a', 'x/~': 1 }), { reason: 'unknown', path: '/x~1~0' });
  t.match(registered?.checkResult({ seq: 'x' }), /seq/);
  t.equal(registered?.checkResult({ seq: 1 }), undefined);
});

t.test('rpc.discover answers a document that OpenRPC\'s own tools accept', async (t) => {
  const { connect, registry } = makeService();
  registry.method(method).event(defineEvent({
    name: 'sent', summary: 'It was sent.', params: Type.Object({ text: Type.String() }),
    example: { text: 'hi' },
  }));
  const document = await connect().call('rpc.discover');
  const text = JSON.stringify(document);
  const parsed = await openrpcTools.parseOpenRPCDocument(text);
  t.equal(openrpcTools.validateOpenRPCDocument(parsed), true);
  t.equal(parsed.openrpc, '1.3.2');
  const names = parsed.methods.map((one) => one.name);
  t.same(names, [...registry.methods].map((one) => one.method.name));
  t.match(document, {
    methods: [{ name: 'rpc.discover' }],
    'x-events': [{ name: 'sent', params: [{ name: 'text', required: true }] }],
  });
});

t.test('every example in a document is what the method takes and answers', async (t) => {
  const registry = transcriptRegistry();
  for (const registered of registry.methods) {
    const { name, example } = registered.method;
    const params = Array.isArray(example.params)
      ? Object.fromEntries(example.params.map((value, at) => [registered.names[at], value]))
      : example.params;
    t.equal(registered.check(params), undefined, `${name} params`);
    t.equal(registered.checkResult(example.result), undefined, `${name} result`);
  }
});
