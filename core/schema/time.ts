import { z } from 'zod';

/** A time in an answer: RFC 3339, UTC. */
export const Timestamp = z.iso.datetime().meta({ id: 'Timestamp' });

/** A time in a filter: RFC 3339 with any offset; parsed into Unix milliseconds. */
export const TimeFilter = z.iso
  .datetime({ offset: true, error: 'expected a time in RFC 3339, such as 2026-01-31T12:00:00Z' })
  .transform((text) => Date.parse(text));
