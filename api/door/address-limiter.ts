import { AppError } from '../../core/errors.ts';

/** Limits per minute and address; null is none. */
export interface AddressLimits {
  /** Requests that are answered, or refused, before anybody knows whose they are. */
  requests: number | null;
  /** Attempts to sign in. */
  signIns: number | null;
}

export interface AddressLimiter {
  /** Counts one. Throws `rate_limited` with the time after which one more is allowed; a refused one costs nothing. */
  take(address: string, what: keyof AddressLimits): void;
}

/**
 * Addresses that are remembered. One that was not heard of for the longest is forgotten for a new one, and begins anew: whoever has so
 * many addresses does not need to wait for the first.
 */
const REMEMBERED = 10_000;

/**
 * Token buckets that hold one minute's worth, one for each address. They live in this process: several apis side by side each allow as
 * much.
 *
 * @param now - Unix milliseconds.
 */
export function createAddressLimiter(limits: AddressLimits, now: () => number): AddressLimiter {
  // In the order in which they were last asked for.
  const buckets = new Map<string, { tokens: number; filledAt: number }>();

  return {
    take(address, what) {
      const perMinute = limits[what];
      if (perMinute === null) return;
      const name = `${what} ${address}`;
      const moment = now();
      const bucket = buckets.get(name) ?? { tokens: perMinute, filledAt: moment };
      const gained = (Math.max(0, moment - bucket.filledAt) * perMinute) / 60_000;
      const tokens = Math.min(perMinute, bucket.tokens + gained);
      const allowed = tokens >= 1;
      buckets.delete(name);
      if (buckets.size >= REMEMBERED) {
        for (const [oldest] of buckets) {
          buckets.delete(oldest);
          break;
        }
      }
      buckets.set(name, { tokens: allowed ? tokens - 1 : tokens, filledAt: moment });
      if (allowed) return;
      throw new AppError(
        'rate_limited',
        'Too many requests without a valid API key came from your address. Try again after the time in retry-after.',
        { retryAfterMs: Math.ceil(((1 - tokens) * 60_000) / perMinute) },
      );
    },
  };
}
