import Type from 'typebox';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { durabilityOf } from '../node-urls.js';
import { At, None, strict } from '../schemas.js';

const count = (description: string) => Type.Integer({ minimum: 0, description });

/** The figures of every node, and of the shards as this node sees them; for administrators. */
export const serverStats = defineMethod<Chat>()({
  name: 'server.stats',
  summary: 'Says which nodes and shards there are, and how busy they are.',
  params: None,
  result: strict({
    node: Type.String({ description: 'the node that answers' }),
    connections: count('of all nodes'),
    users: count('of all nodes; one signed in on two nodes counts twice'),
    nodes: Type.Array(strict({
      node: Type.String(),
      incarnation: count('grows with each start under the same id'),
      url: Type.String(),
      draining: Type.Boolean(),
      connections: count('signed in'),
      users: count('with a connection'),
      startedAt: At,
    })),
    shards: Type.Array(strict({
      shard: Type.String(),
      reachable: Type.Boolean(),
      roundTripMs: Type.Optional(Type.Number({ description: 'of the last canary' })),
      durability: Type.String(),
    })),
    durability: strict({
      level: Type.String(), detail: Type.String(), warnings: Type.Array(Type.String()),
    }),
    memoryBytes: count('resident, of this node'),
    time: At,
  }),
  access: 'identity',
  example: {
    params: {},
    result: {
      node: 'one', connections: 2, users: 2,
      nodes: [{
        node: 'one', incarnation: 1, url: 'http://127.0.0.1:8080/rpc', draining: false,
        connections: 2, users: 2, startedAt: 1_700_000_000_000,
      }],
      shards: [{ shard: 'embedded', reachable: true, durability: 'fsync' }],
      durability: { level: 'fsync', detail: 'LMDB', warnings: [] },
      memoryBytes: 100_000_000, time: 1_700_000_000_000,
    },
  },
  async handler({ app }) {
    const { hub, membership } = app;
    const [others, shards, durability] = await Promise.all([
      membership.nodes(), membership.shards(), durabilityOf(app),
    ]);
    // What was told at the last heartbeat is good enough for the others only.
    const nodes = others.map((node) => node.node === membership.node
      ? { ...node, connections: hub.connections, users: hub.users } : node);
    const sum = (of: (node: (typeof nodes)[number]) => number): number =>
      nodes.reduce((total, node) => total + of(node), 0);
    return {
      node: membership.node,
      connections: sum((node) => node.connections),
      users: sum((node) => node.users),
      nodes,
      shards,
      durability: { ...durability, warnings: [...durability.warnings] },
      memoryBytes: process.memoryUsage.rss(),
      time: app.clock.now(),
    };
  },
});
