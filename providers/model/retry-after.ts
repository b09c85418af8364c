import type { Json } from '../../core/json.ts';
import { isJsonObject } from './tool-input.ts';

/**
 * The delay that a response asks for, in milliseconds, from `retry-after-ms`, else `retry-after` in seconds or as a date. Undefined
 * when there is none or it makes no sense.
 */
export function retryAfterMs(headers: Headers | undefined, now: number = Date.now()): number | undefined {
  const precise = numberOf(headers?.get('retry-after-ms'));
  if (precise !== undefined) return precise;
  const value = headers?.get('retry-after');
  const seconds = numberOf(value);
  if (seconds !== undefined) return seconds * 1_000;
  // Date.parse reads almost anything as a date; the header's dates begin with the day's name.
  const date = /^[A-Za-z]/.test(value ?? '') ? Date.parse(value ?? '') : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function numberOf(value: string | null | undefined): number | undefined {
  if (value === null || value === undefined || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}

/** Google names the delay in a detail of type RetryInfo, as in `"34.5s"`. */
export function retryDelayIn(details: Json | undefined): number | undefined {
  for (const detail of Array.isArray(details) ? details : []) {
    const delay = isJsonObject(detail) ? detail['retryDelay'] : undefined;
    const seconds = typeof delay === 'string' ? /^(\d+(?:\.\d+)?)s$/.exec(delay)?.[1] : undefined;
    if (seconds !== undefined) return Number(seconds) * 1_000;
  }
  return undefined;
}
