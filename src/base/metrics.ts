import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/**
 * The server's figures, in one registry a server so that two servers in one process stay apart.
 * Names start with `ringpost_`; labels are bounded: method names, codes, reasons, never users.
 */
export class Metrics {
  readonly registry = new Registry();

  /** @param processFigures whether CPU, memory and event-loop figures are collected too */
  constructor(processFigures = true) {
    if (processFigures) collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string>(name: string, help: string, labels: readonly L[] = []): Counter<L> {
    return new Counter({
      name: `ringpost_${name}`, help, labelNames: labels, registers: [this.registry],
    });
  }

  gauge(name: string, help: string, collect?: () => number): Gauge {
    return new Gauge({
      name: `ringpost_${name}`,
      help,
      registers: [this.registry],
      ...(collect === undefined ? {} : { collect() { this.set(collect()); } }),
    });
  }

  histogram<L extends string>(
    name: string, help: string, buckets: number[], labels: readonly L[] = [],
  ): Histogram<L> {
    return new Histogram({
      name: `ringpost_${name}`, help, buckets, labelNames: labels, registers: [this.registry],
    });
  }
}
