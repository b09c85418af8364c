import { createRateLimiter, type RateLimiter } from '../api/rate-limiter.ts';
import type { Config } from '../config.ts';

/** The limits of `rate_limits` that hold for requests. */
export function rateLimiter({ rate_limits: limits }: Config): RateLimiter {
  return createRateLimiter(
    {
      requestsPerKey: limits.requests_per_minute,
      sessionsPerKey: limits.sessions_per_minute,
      createsPerWorkspace: limits.creates_per_minute,
      readsPerWorkspace: limits.reads_per_minute,
      streamsPerKey: limits.open_streams,
    },
    Date.now,
  );
}
