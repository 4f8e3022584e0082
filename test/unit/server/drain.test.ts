import t from 'tap';
import type { NodeInfo } from '../../../src/cluster/membership.js';
import { planMoves } from '../../../src/drain.js';
import { RecordingSession } from '../../helpers/session.js';

const node = (name: string, connections: number, draining = false): NodeInfo => ({
  node: name, incarnation: 1, url: `http://${name}/rpc`, draining, connections, users: 0,
  startedAt: 0,
});
const sessions = (count: number): RecordingSession[] =>
  Array.from({ length: count }, () => new RecordingSession());

t.test('each session has its own moment in the window', async (t) => {
  const moves = planMoves(sessions(4), [node('b', 0)], 1_000);
  t.strictSame(moves.map(({ afterMs }) => afterMs), [0, 250, 500, 750]);
});

t.test('the least loaded node is filled first, and a draining one never', async (t) => {
  const moves = planMoves(sessions(4), [node('b', 3), node('c', 1), node('d', 0, true)], 1_000);
  t.strictSame(moves.map(({ reconnectTo }) => reconnectTo),
    ['http://c/rpc', 'http://c/rpc', 'http://b/rpc', 'http://c/rpc']);
});

t.test('without another node nobody is sent anywhere', async (t) => {
  const [move] = planMoves(sessions(1), [node('d', 0, true)], 1_000);
  t.equal(move?.reconnectTo, undefined);
  t.strictSame(planMoves([], [], 1_000), []);
});
