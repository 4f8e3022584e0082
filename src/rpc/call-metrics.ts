import { Histogram } from 'prom-client';
import type { Metrics } from '../base/metrics.js';

const bucketsMs = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 30_000];

/** The figures of one method, as plain numbers: the labels are only spelled out at a scrape. */
export class MethodFigures {
  /** Answers by code; 0 is success. */
  readonly codes = new Map<number, number>();
  readonly buckets = new Array<number>(bucketsMs.length + 1).fill(0);
  ok = 0;
  sumMs = 0;

  constructor(readonly method: string) {}

  count(code: number, durationMs: number): void {
    if (code === 0) this.ok += 1;
    else this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    let bucket = 0;
    while (durationMs > (bucketsMs[bucket] ?? Infinity)) bucket += 1;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
    this.sumMs += durationMs;
  }
}

interface Sample {
  labels: Record<string, string | number>;
  value: number;
  metricName: string;
}

/** A histogram whose counts are kept elsewhere: prom-client's own costs more than a call. */
class TalliedHistogram extends Histogram {
  /** Says what a metric's figures look like, without any. */
  readonly #shape: Histogram;
  readonly #samples: () => Sample[];

  constructor(name: string, help: string, registers: Metrics['registry'], samples: () => Sample[]) {
    super({ name, help, registers: [registers] });
    this.#shape = new Histogram({ name, help, registers: [] });
    this.#samples = samples;
  }

  override async get(): ReturnType<Histogram['get']> {
    return { ...await this.#shape.get(), values: this.#samples() };
  }

  /** What the registry reads for the text format. */
  getForPromString(): ReturnType<Histogram['get']> {
    return this.get();
  }
}

/** Calls by method and code, how long they took, and how many are open (bounded labels). */
export class CallMetrics {
  /** For names that nobody registered: labels stay bounded whatever is called. */
  readonly unknown = new MethodFigures('unknown');
  readonly #figures: MethodFigures[] = [this.unknown];

  constructor(metrics: Metrics, inFlight: () => number) {
    const calls = metrics.counter('rpc_calls_total', 'calls answered', ['method', 'code']);
    const durationName = 'ringpost_rpc_call_duration_ms';
    new TalliedHistogram(
      durationName, 'from arrival to answer, in milliseconds', metrics.registry, () => {
        return this.#figures.flatMap((figures) => durationSamples(durationName, figures));
      },
    );
    metrics.gauge('rpc_calls_in_flight', 'calls that run or wait', inFlight);
    Reflect.set(calls, 'collect', () => {
      calls.reset();
      for (const { method, ok, codes } of this.#figures) {
        if (ok > 0) calls.inc({ method, code: 'ok' }, ok);
        for (const [number, count] of codes) calls.inc({ method, code: `${number}` }, count);
      }
    });
  }

  /** Makes the figures of a method; once each. */
  of(method: string): MethodFigures {
    const figures = new MethodFigures(method);
    this.#figures.push(figures);
    return figures;
  }
}

function durationSamples(name: string, { method, buckets, sumMs }: MethodFigures): Sample[] {
  let count = 0;
  const samples = buckets.map((value, index) => {
    count += value;
    const le = bucketsMs[index] ?? '+Inf';
    return { labels: { le, method }, value: count, metricName: `${name}_bucket` };
  });
  if (count === 0) return [];
  return [
    ...samples,
    { labels: { method }, value: sumMs, metricName: `${name}_sum` },
    { labels: { method }, value: count, metricName: `${name}_count` },
  ];
}
