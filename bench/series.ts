/** Measured times of one thing, milliseconds, ascending. */
export type Series = readonly number[];

/** Does `work` so often, one after another, and notes how long each took. */
export async function times(count: number, work: () => Promise<unknown>): Promise<Series> {
  const out: number[] = [];
  for (let index = 0; index < count; index++) {
    const begun = performance.now();
    await work();
    out.push(performance.now() - begun);
  }
  return out.sort((left, right) => left - right);
}

/** The value below which this share of the series lies. */
export function quantile(series: Series, share: number): number {
  const sorted = [...series].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** `p50 / p95 ms` of a series. */
export function shown(series: Series): string {
  return `${quantile(series, 0.5).toFixed(1)} / ${quantile(series, 0.95).toFixed(1)} ms`;
}
