import type { BetaManagedAgentsSessionEventType } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import { z } from 'zod';
import { pageQuery } from './page.ts';
import { queryList } from './query.ts';

/** The types that `types[]` knows: all journaled ones. `session.deleted` ends streams and is in no list. */
export const LISTED_EVENT_TYPES = [
  'user.message',
  'user.interrupt',
  'user.tool_confirmation',
  'user.custom_tool_result',
  'user.tool_result',
  'user.define_outcome',
  'system.message',
  'agent.message',
  'agent.thinking',
  'agent.tool_use',
  'agent.tool_result',
  'agent.mcp_tool_use',
  'agent.mcp_tool_result',
  'agent.custom_tool_use',
  'agent.thread_context_compacted',
  'agent.thread_message_received',
  'agent.thread_message_sent',
  'session.status_running',
  'session.status_idle',
  'session.status_rescheduled',
  'session.status_terminated',
  'session.updated',
  'session.usage',
  'session.error',
  'session.thread_created',
  'session.thread_status_running',
  'session.thread_status_idle',
  'session.thread_status_rescheduled',
  'session.thread_status_terminated',
  'span.model_request_start',
  'span.model_request_end',
  'span.outcome_evaluation_start',
  'span.outcome_evaluation_ongoing',
  'span.outcome_evaluation_end',
  'workflow_run.created',
  'workflow_run.status_running',
  'workflow_run.status_idle',
  'workflow_run.status_ended',
  'workflow_run.phase_started',
  'workflow_run.phase_ended',
  'workflow_run.error',
] as const satisfies readonly BetaManagedAgentsSessionEventType[];

/** A time in a filter, parsed into Unix milliseconds with the fraction that it was given with. */
const PreciseTime = z.iso
  .datetime({ offset: true, error: 'expected a time in RFC 3339, such as 2026-01-31T12:00:00Z' })
  .transform((text) => {
    const beyond = /\.\d{3}(\d+)/.exec(text)?.[1];
    return Date.parse(text) + (beyond === undefined ? 0 : Number(`0.${beyond}`));
  });

/** The parameters of an event list. `created_at` is compared with `processed_at`. */
export const EventListQuery = z.object({
  ...pageQuery(1_000, 1_000),
  order: z.enum(['asc', 'desc']).default('asc'),
  types: queryList(z.enum(LISTED_EVENT_TYPES), 100).optional(),
  'created_at[gt]': PreciseTime.optional(),
  'created_at[gte]': PreciseTime.optional(),
  'created_at[lt]': PreciseTime.optional(),
  'created_at[lte]': PreciseTime.optional(),
});
export type EventListQuery = z.output<typeof EventListQuery>;

/** The parameters of an event stream: the events that are to be previewed while they are written. */
export const EventStreamQuery = z.object({
  event_deltas: queryList(z.enum(['agent.message', 'agent.thinking']), 100).optional(),
});
