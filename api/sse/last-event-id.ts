import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../../core/errors.ts';

/** The `seq` after which a stream goes on; null when the client names none. Throws `invalid_request` for anything but our own ids. */
export function lastEventIdOf(headers: IncomingHttpHeaders): number | null {
  const value = headers['last-event-id'];
  if (value === undefined || value === '') return null;
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  throw new AppError(
    'invalid_request',
    'Last-Event-ID: expected the id of an event of this stream, a whole number.',
  );
}
