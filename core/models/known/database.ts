import type { ModelPrices } from '../model-entry.ts';
import type { DatabaseLine, DatabasePrices, DatabaseRates } from './database-line.ts';
import { MODELS, SERVERS } from './generated/models.ts';

/** What the database says of a model. */
export interface KnownModel {
  name: string;
  displayName: string;
  contextWindow: number | null;
  maxOutputTokens: number | null;
  /** null: not known, as is `reasons`. */
  images: boolean | null;
  reasons: boolean | null;
  /** Whether the limits are those of the server that was asked for, or of the model's maker; else another server's, which may be smaller. */
  isSure: boolean;
  /** Those at the server that was asked for; null: not known there. */
  prices: ModelPrices | null;
}

let byName: Map<string, DatabaseLine[]> | undefined;

/** The lines of a name; the database is read when the first is asked for. */
function linesOf(name: string): readonly DatabaseLine[] {
  if (byName === undefined) {
    byName = new Map();
    for (const text of MODELS.trim().split('\n')) {
      const line = JSON.parse(text) as DatabaseLine;
      byName.set(line[0], [...(byName.get(line[0]) ?? []), line]);
    }
  }
  return byName.get(name) ?? [];
}

const MAKERS = new Set(SERVERS.filter(([, , isMaker]) => isMaker).map(([name]) => name));

/** The server of the database that has this address, or null. */
export function serverOf(baseUrl: string): string | null {
  const host = new URL(baseUrl).hostname;
  return SERVERS.find(([, pattern]) => new RegExp(pattern).test(host))?.[0] ?? null;
}

/**
 * What is known of a model by its exact name. Limits are those at the server, else those of the model's own vendor; prices are the
 * server's alone.
 *
 * @param at - one of the database's servers (null: any other), or the first that has it, which is its vendor's own.
 */
export function knownModel(name: string, at: { server: string | null } | 'first'): KnownModel | null {
  const lines = linesOf(name);
  const [first] = lines;
  if (first === undefined) return null;
  const there = at === 'first' ? first : lines.find((line) => line[1] === at.server);
  const [, , displayName, contextWindow, maxOutputTokens, traits] = there ?? first;
  return {
    name,
    displayName,
    contextWindow: contextWindow ?? first[3],
    maxOutputTokens: maxOutputTokens ?? first[4],
    images: traits === '?' ? null : traits.includes('i'),
    reasons: traits === '?' ? null : traits.includes('r'),
    isSure: traits !== '?' && (there !== undefined || MAKERS.has(first[1])),
    prices: there === undefined ? null : pricesOf(there[6]),
  };
}

function pricesOf(lines: DatabaseLine[6]): ModelPrices | null {
  const [first, ...later] = lines ?? [];
  if (first === undefined) return null;
  const read = ([, rates, long]: DatabasePrices) => ({
    ...ratesOf(rates),
    ...(long === undefined ? {} : { long_context: { above: long[0], ...ratesOf(long[1]) } }),
  });
  const periods = later.map((line) => ({ from: `${line[0]}T00:00:00Z`, ...read(line) }));
  return { ...read(first), ...(periods.length === 0 ? {} : { periods }) };
}

function ratesOf([input, output, cache_read, cache_write_5m, cache_write_1h]: DatabaseRates) {
  return { input, output, cache_read, cache_write_5m, cache_write_1h };
}
