import Type from 'typebox';
import type { Method } from './method.js';
import type { OpenRpcDocument } from './openrpc.js';

const NoParams = Type.Object({}, { additionalProperties: false });
const Document = Type.Object({
  openrpc: Type.String({ description: 'version of the OpenRPC specification' }),
  info: Type.Object({ title: Type.String(), version: Type.String() }),
  methods: Type.Array(Type.Unknown()),
}, { description: 'an OpenRPC document' });

/** `rpc.discover`: the service described by itself (OpenRPC 1.3.2, Service Discovery Method). */
export const discoverMethod = <App>(
  document: () => OpenRpcDocument,
): Method<App, typeof NoParams, typeof Document> => ({
  name: 'rpc.discover',
  summary: 'Describes every method, event and error of this service as an OpenRPC document.',
  params: NoParams,
  result: Document,
  access: 'none',
  example: {
    params: {},
    result: { openrpc: '1.3.2', info: { title: 'A service', version: '1.0.0' }, methods: [] },
  },
  handler: document,
});
