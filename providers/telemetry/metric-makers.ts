import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const PREFIX = 'managed_agent_';

/** Makes metrics of the service, by their names without its prefix. */
export interface MetricMakers {
  histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: number[],
  ): Histogram<Label>;
  counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label>;
  gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label>;
  /** Runs whenever the metrics are asked for, and is waited for. */
  onRead(read: () => Promise<void>): void;
}

export function createMetricMakers(
  registry: Registry,
  onRead: (read: () => Promise<void>) => void,
): MetricMakers {
  const registers = [registry];
  return {
    histogram: (name, help, labelNames, buckets) =>
      new Histogram({ name: `${PREFIX}${name}`, help, labelNames, buckets, registers }),
    counter: (name, help, labelNames) =>
      new Counter({ name: `${PREFIX}${name}`, help, labelNames, registers }),
    gauge: (name, help, labelNames) => new Gauge({ name: `${PREFIX}${name}`, help, labelNames, registers }),
    onRead,
  };
}
