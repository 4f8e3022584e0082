import Type from 'typebox';
import { defaultLimits, LimitsSchema } from '../../base/limits.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { durabilityOf, publicUrls } from '../node-urls.js';
import { At, None, strict } from '../schemas.js';

export const serverInfo = defineMethod<Chat>()({
  name: 'server.info',
  summary: 'Says which server this is, what it promises and bounds, and where its nodes are.',
  params: None,
  result: strict({
    name: Type.String(),
    version: Type.String(),
    protocol: Type.Integer({ description: 'version of the protocol' }),
    node: Type.String(),
    nodes: Type.Array(Type.String(), { description: 'public URLs of all live nodes' }),
    durability: strict({
      level: Type.Enum(['fsync', 'replicated', 'process', 'memory']),
      detail: Type.String(),
    }),
    limits: LimitsSchema,
    time: At,
  }),
  access: 'none',
  example: {
    params: {},
    result: {
      name: 'ringpost', version: '0.1.0', protocol: 1, node: 'one',
      nodes: ['http://127.0.0.1:8080/rpc'],
      durability: { level: 'fsync', detail: 'LMDB, flushed before each acknowledgement' },
      limits: defaultLimits, time: 1_700_000_000_000,
    },
  },
  async handler({ app, limits }) {
    const [durability, nodes] = await Promise.all([durabilityOf(app), publicUrls(app)]);
    const { level, detail } = durability;
    return {
      name: app.name, version: app.version, protocol: 1, node: app.membership.node, nodes,
      durability: { level, detail }, limits, time: app.clock.now(),
    };
  },
});
