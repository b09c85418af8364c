import { createHash } from 'node:crypto';
import type { PromptCount } from './format.ts';
import { roughTokens } from './pieces.ts';

/** One block of a prompt, in order; `marked` where the request asks for the prefix up to here to be kept. */
export interface PromptPart {
  text: string;
  marked: boolean;
}

/** Tokens of a whole prompt. */
export function promptTokens(parts: readonly PromptPart[]): number {
  return parts.reduce((sum, { text }) => sum + roughTokens(text), 0);
}

/** How many blocks before a marker the vendor looks back for a prefix that it keeps. */
const LOOK_BACK = 20;

/**
 * Plays a vendor's prompt cache: a prefix is kept at each marker, byte for byte, and found again by a later request whose marker is
 * at most 20 blocks behind it.
 */
export function createPromptCache(): { count(parts: readonly PromptPart[], ttl: '5m' | '1h'): PromptCount } {
  const kept = new Set<string>();
  return {
    count(parts, ttl) {
      const hash = createHash('sha256');
      const prefixes = parts.map(({ text }) => hash.update(text).update('\u001f').copy().digest('base64'));
      const tokens: number[] = [];
      let sum = 0;
      for (const { text } of parts) tokens.push((sum += roughTokens(text)));
      const markers = parts.flatMap(({ marked }, index) => (marked ? [index] : []));
      const hit = Math.max(-1, ...markers.map((marker) => hitNear(prefixes, marker, kept)));
      for (const marker of markers) kept.add(prefixes[marker] ?? '');
      const read = tokens[hit] ?? 0;
      const last = markers.at(-1) ?? -1;
      const cacheable = Math.max(read, tokens[last] ?? 0);
      return { read, written: cacheable - read, uncached: sum - cacheable, ttl };
    },
  };
}

function hitNear(prefixes: readonly string[], marker: number, kept: ReadonlySet<string>): number {
  for (let index = marker; index >= 0 && index > marker - LOOK_BACK; index -= 1)
    if (kept.has(prefixes[index] ?? '')) return index;
  return -1;
}
