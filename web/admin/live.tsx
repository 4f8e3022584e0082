import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { ResultOf, ChatMethods } from '../../src/client/index.js';
import type { Desk } from './context.js';
import { Chart, Notice, Page, useLoaded, when } from './parts.js';

type Stats = ResultOf<ChatMethods, 'server.stats'>;

interface Sample {
  readonly at: number;
  readonly stats: Stats;
  /** Answered by this node since its start, where it shows its metrics. */
  readonly calls: number | undefined;
  readonly messages: number | undefined;
}

const everyMs = 2_000;
const samplesKept = 90;
const mebibyte = 1024 * 1024;

/** Sums one counter of the text form of Prometheus. */
function counted(metrics: string, having: string): number {
  let sum = 0;
  for (const line of metrics.split('\n')) {
    if (!line.startsWith('ringpost_rpc_calls_total') || !line.includes(having)) continue;
    sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}

async function sample({ client }: Desk): Promise<Sample> {
  // Figures of Prometheus are no part of the API; a server may keep them elsewhere.
  const text = fetch('metrics').then(async (page) => page.ok ? page.text() : undefined)
    .catch(() => undefined);
  const [stats, metrics] = await Promise.all([client.call('server.stats'), text]);
  return {
    at: stats.time, stats,
    calls: metrics === undefined ? undefined : counted(metrics, ''),
    messages: metrics === undefined ? undefined : counted(metrics, 'method="message.send"'),
  };
}

/** How much something grew in each second between the samples. */
function rates(samples: readonly Sample[], of: (one: Sample) => number | undefined): number[] {
  return samples.slice(1).flatMap((now, i) => {
    const before = samples[i];
    const [a, b] = [before === undefined ? undefined : of(before), of(now)];
    if (before === undefined || a === undefined || b === undefined) return [];
    if (now.at <= before.at) return [];
    return Math.max(0, (b - a) * 1_000 / (now.at - before.at));
  });
}

function Nodes({ stats }: { readonly stats: Stats }): JSX.Element {
  return (
    <section class="card"><h2>Nodes</h2><table>
      <thead><tr><th>Node</th><th>URL</th><th>Connections</th><th>Users</th><th>Since</th>
        <th>State</th></tr></thead>
      <tbody>{stats.nodes.map((node) => (
        <tr key={node.node}>
          <td><b>{node.node}</b>{node.node === stats.node && <small> answers</small>}</td>
          <td><code>{node.url}</code></td><td class="num">{node.connections}</td>
          <td class="num">{node.users}</td><td>{when(node.startedAt)}</td>
          <td>{node.draining ? <span class="tag warn">draining</span>
            : <span class="tag good">serving</span>}</td>
        </tr>
      ))}</tbody></table></section>
  );
}

function Shards({ stats }: { readonly stats: Stats }): JSX.Element {
  return (
    <section class="card"><h2>Shards</h2><table>
      <thead><tr><th>Shard</th><th>Durability</th><th>Round trip</th><th>State</th></tr></thead>
      <tbody>{stats.shards.map((shard) => (
        <tr key={shard.shard}>
          <td><b>{shard.shard}</b></td><td>{shard.durability}</td>
          <td class="num">{shard.roundTripMs === undefined ? '–'
            : `${shard.roundTripMs.toFixed(1)} ms`}</td>
          <td>{shard.reachable ? <span class="tag good">reachable</span>
            : <span class="tag bad">unreachable</span>}</td>
        </tr>
      ))}</tbody></table></section>
  );
}

/** What goes on now, every two seconds. */
export function Live({ desk }: { readonly desk: Desk }): JSX.Element {
  const samples = useRef<Sample[]>([]);
  const { fault } = useLoaded(async () => {
    samples.current = [...samples.current, await sample(desk)].slice(-samplesKept);
  }, everyMs);
  const all = samples.current;
  const stats = all.at(-1)?.stats;
  const of = (value: (stats: Stats) => number): number[] => all.map((one) => value(one.stats));
  const slowest = ({ shards }: Stats): number =>
    Math.max(0, ...shards.map(({ roundTripMs = 0 }) => roundTripMs));
  return (
    <Page title="Live" lead="Nodes, shards and what passes through them, every two seconds.">
      {fault !== '' && <Notice kind="bad">{fault}</Notice>}
      <div class="charts">
        <Chart title="Connections" values={of(({ connections }) => connections)} />
        <Chart title="Users online" values={of(({ users }) => users)} />
        {all.at(-1)?.calls !== undefined && <>
          <Chart title="Messages" unit="/s, this node" values={rates(all, (one) => one.messages)} />
          <Chart title="Calls" unit="/s, this node" values={rates(all, (one) => one.calls)} />
        </>}
        <Chart title="Slowest shard" unit="ms" values={of(slowest)} />
        <Chart title="Memory" unit="MiB, this node"
          values={of(({ memoryBytes }) => memoryBytes / mebibyte)} />
      </div>
      {stats !== undefined && <>
        <Notice kind="plain"><b>Durability: {stats.durability.level}.</b> {stats.durability.detail}
        </Notice>
        {stats.durability.warnings.map((one) => <Notice kind="bad" key={one}>{one}</Notice>)}
        <Nodes stats={stats} /><Shards stats={stats} />
      </>}
    </Page>
  );
}
