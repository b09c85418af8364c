import type { PartReport } from './part-report.ts';

/** Whether what strangers wrote can be read; null: nothing had to be read yet. Messages without pictures run all the same. */
export function judgeDecoder(found: { isolation: string; detail: string } | null): PartReport {
  if (found === null) return { state: 'ok', detail: 'It is being found out.' };
  const { isolation, detail } = found;
  if (isolation !== 'none') return { state: 'ok', detail };
  return { state: 'degraded', detail: `${detail} It is tried again with the next one.` };
}
