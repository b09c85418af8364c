import type { BetaManagedAgentsSessionUsageSnapshot } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import { readSpanDetail } from '../journal/span-detail.ts';
import { toUsageSnapshot } from '../journal/usage-snapshot.ts';
import type { UsageTotals } from '../journal/view.ts';
import type { Json } from '../json.ts';
import { sameJson } from '../same-json.ts';
import type { RebuiltRow } from './rebuild-journal.ts';

/** A session's running totals. */
export interface LoggedTotals {
  usage: UsageTotals;
  unpriced: boolean;
  /** Milliseconds spent running before `runningSince`. */
  activeMs: number;
  /** Unix milliseconds; null while not running. */
  runningSince: number | null;
}

export const NO_TOTALS: LoggedTotals = {
  usage: {
    input_tokens: 0,
    output_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation_5m_input_tokens: 0,
    cache_creation_1h_input_tokens: 0,
    list_cost_nano_usd: 0,
  },
  unpriced: false,
  activeMs: 0,
  runningSince: null,
};

/**
 * The totals after one more row of the log. Each idle tells what clients were shown: where that is another sum than that of the rows,
 * some are missing (those that the api journals alone, or details of requests of an earlier release), and the idle is right.
 */
export function withRow(totals: LoggedTotals, { type, body, detail, processedAt }: RebuiltRow): LoggedTotals {
  switch (type) {
    // Both may stand for a running pair that the api journaled and that is missing.
    case 'session.status_running':
    case 'span.model_request_start':
      return { ...totals, runningSince: totals.runningSince ?? processedAt };
    case 'session.status_idle':
    case 'session.status_terminated':
      return stopped(totals, processedAt);
    case 'span.model_request_end': {
      const spent = readSpanDetail(detail);
      if (!spent) return totals;
      const usage = { ...totals.usage };
      for (const field of Object.keys(usage) as (keyof UsageTotals)[]) usage[field] += spent.usage[field];
      return { ...totals, usage, unpriced: totals.unpriced || !spent.priced };
    }
    case 'session.usage':
      return asShown(stopped(totals, processedAt), body['usage'] ?? null);
    default:
      return totals;
  }
}

function stopped(totals: LoggedTotals, at: number | null): LoggedTotals {
  const { runningSince, activeMs } = totals;
  if (runningSince === null) return totals;
  return {
    ...totals,
    activeMs: activeMs + Math.max(0, (at ?? runningSince) - runningSince),
    runningSince: null,
  };
}

function asShown(totals: LoggedTotals, shown: Json): LoggedTotals {
  if (sameJson(toUsageSnapshot(totals.usage, totals.unpriced, totals.activeMs), shown)) return totals;
  const snapshot = shown as object as BetaManagedAgentsSessionUsageSnapshot;
  const seconds = snapshot.active_seconds ?? 0;
  const activeMs = Math.round(totals.activeMs / 1000) === seconds ? totals.activeMs : seconds * 1000;
  const told = toUsageSnapshot(totals.usage, totals.unpriced, activeMs);
  if (sameJson(told, shown)) return { ...totals, activeMs };
  return {
    usage: {
      input_tokens: snapshot.input_tokens ?? 0,
      output_tokens: snapshot.output_tokens ?? 0,
      cache_read_input_tokens: snapshot.cache_read_input_tokens ?? 0,
      cache_creation_5m_input_tokens: snapshot.cache_creation?.ephemeral_5m_input_tokens ?? 0,
      cache_creation_1h_input_tokens: snapshot.cache_creation?.ephemeral_1h_input_tokens ?? 0,
      list_cost_nano_usd: Number(snapshot.list_cost?.amount ?? 0) * 1e7,
    },
    unpriced: snapshot.list_cost === undefined,
    activeMs,
    runningSince: null,
  };
}
