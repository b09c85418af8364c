import { createRateLimiter, type RateLimiter } from '../api/rate-limiter.ts';
import type { Config } from '../config.ts';

/** The limits of `rate_limits` that hold for requests, as they are at each of them. */
export function rateLimiter({ rate_limits: limits }: Config): RateLimiter {
  return createRateLimiter(
    {
      get requestsPerKey() {
        return limits.requests_per_minute;
      },
      get sessionsPerKey() {
        return limits.sessions_per_minute;
      },
      get createsPerWorkspace() {
        return limits.creates_per_minute;
      },
      get readsPerWorkspace() {
        return limits.reads_per_minute;
      },
      get streamsPerKey() {
        return limits.open_streams;
      },
    },
    Date.now,
  );
}
