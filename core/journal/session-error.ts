import type { BetaManagedAgentsSessionErrorEvent } from '@anthropic-ai/sdk/resources/beta/sessions/events';

/** The error object of `session.error`, as the API types it. */
export type SessionError = BetaManagedAgentsSessionErrorEvent['error'];
