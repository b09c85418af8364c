import { buildTranscript } from '../transcript/build-transcript.ts';
import type { SessionEvent } from '../service/wire.ts';

export interface ToolUsage {
  name: string;
  calls: number;
  failed: number;
  /** Of the calls that came back; null: none did. */
  medianMs: number | null;
}

/** How the tools of a log were used, the most used first. */
export function toolUsage(events: readonly SessionEvent[]): ToolUsage[] {
  const byName = new Map<string, { calls: number; failed: number; times: number[] }>();
  for (const item of buildTranscript({ events, queued: [], previews: [], thinking: [] })) {
    if (item.kind !== 'tool') continue;
    const { use, result, state } = item.call;
    const entry = byName.get(use.name) ?? { calls: 0, failed: 0, times: [] };
    byName.set(use.name, entry);
    entry.calls += 1;
    if (state === 'failed') entry.failed += 1;
    if (result?.processed_at)
      entry.times.push(Date.parse(result.processed_at) - Date.parse(use.processed_at));
  }
  return [...byName]
    .map(([name, { calls, failed, times }]) => ({ name, calls, failed, medianMs: medianOf(times) }))
    .toSorted((first, second) => second.calls - first.calls);
}

function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((first, second) => first - second);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
