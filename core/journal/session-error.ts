import type { WireEvent } from './wire-event.ts';

/** The error object of `session.error`, as the API types it. */
export type SessionError = Extract<WireEvent, { type: 'session.error' }>['error'];
