import { AppError } from '../core/errors.ts';
import type { Caller } from './access.ts';

/** What a request costs: `session` is a create that also counts as a new session; `none` is free. */
export type Rate = 'create' | 'session' | 'read' | 'write' | 'none';

/** Limits per minute; null is none. */
export interface RateLimits {
  requestsPerKey: number | null;
  sessionsPerKey: number | null;
  createsPerWorkspace: number | null;
  readsPerWorkspace: number | null;
  /** Open event streams per key. */
  streamsPerKey: number | null;
}

export interface RateLimiter {
  /** Counts one request. Throws `rate_limited` with the time after which one more is allowed; a refused request costs nothing. */
  take(caller: Caller, rate: Rate): void;
  /** Counts one open stream until the returned function is called. Throws `rate_limited`. */
  openStream(caller: Caller): () => void;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

/**
 * Token buckets that hold one minute's worth. They live in this process: several apis side by side each allow as much. Callers
 * without a key are never limited: it is their own machine.
 *
 * @param now - Unix milliseconds.
 */
export function createRateLimiter(limits: RateLimits, now: () => number): RateLimiter {
  const buckets = new Map<string, Bucket>();
  const streams = new Map<string, number>();

  function bucketsOf({ workspaceId, keyId }: Caller, rate: Rate): { bucket: Bucket; perMinute: number }[] {
    const asked: [string, number | null][] = [[`requests ${keyId}`, limits.requestsPerKey]];
    if (rate === 'session') asked.push([`sessions ${keyId}`, limits.sessionsPerKey]);
    if (rate === 'session' || rate === 'create')
      asked.push([`creates ${workspaceId}`, limits.createsPerWorkspace]);
    if (rate === 'read') asked.push([`reads ${workspaceId}`, limits.readsPerWorkspace]);
    return asked.flatMap(([name, perMinute]) =>
      perMinute === null ? [] : [{ bucket: filled(name, perMinute), perMinute }],
    );
  }

  function filled(name: string, perMinute: number): Bucket {
    const moment = now();
    const bucket = buckets.get(name) ?? { tokens: perMinute, filledAt: moment };
    const gained = (Math.max(0, moment - bucket.filledAt) * perMinute) / 60_000;
    bucket.tokens = Math.min(perMinute, bucket.tokens + gained);
    bucket.filledAt = moment;
    buckets.set(name, bucket);
    return bucket;
  }

  return {
    take(caller, rate) {
      if (caller.keyId === null || rate === 'none') return;
      const asked = bucketsOf(caller, rate);
      const wait = Math.max(
        0,
        ...asked.map(({ bucket, perMinute }) => ((1 - bucket.tokens) * 60_000) / perMinute),
      );
      if (wait > 0) {
        throw new AppError('rate_limited', 'Too many requests. Try again after the time in retry-after.', {
          retryAfterMs: Math.ceil(wait),
        });
      }
      for (const { bucket } of asked) bucket.tokens -= 1;
    },

    openStream(caller) {
      const { keyId } = caller;
      if (keyId === null || limits.streamsPerKey === null) return () => undefined;
      const open = streams.get(keyId) ?? 0;
      if (open >= limits.streamsPerKey) {
        throw new AppError(
          'rate_limited',
          `This key has ${open} event streams open; at most ${limits.streamsPerKey} may be. Close some.`,
          { retryAfterMs: 5_000 },
        );
      }
      streams.set(keyId, open + 1);
      let closed = false;
      return () => {
        if (closed) return;
        closed = true;
        streams.set(keyId, (streams.get(keyId) ?? 1) - 1);
      };
    },
  };
}
