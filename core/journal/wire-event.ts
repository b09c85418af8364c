import type { BetaManagedAgentsSessionEvent } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import type { SessionAgent } from '../agent/agent-types.ts';
import type { JsonObject } from '../json.ts';
import type { NewEvent } from './view.ts';

/** Why the model stopped, in the words of the Messages API where it has one. */
export type StopWord =
  | 'end_turn'
  | 'tool_use'
  | 'max_tokens'
  | 'model_context_window_exceeded'
  | 'refusal'
  | 'pause_turn'
  | 'malformed_tool_call';

type WithoutStamp<T> = T extends unknown ? Omit<T, 'processed_at'> : never;

/** An agent in an event may have our toolsets beside the vendor's; a compaction shows its summary, a request why its answer ended. */
type WithOurs<T> = T extends { type: 'session.updated' }
  ? Omit<T, 'agent'> & { agent?: SessionAgent | null }
  : T extends { type: 'agent.thread_context_compacted' }
    ? T & { summary: string }
    : T extends { type: 'span.model_request_end' }
      ? T & { stop_reason?: StopWord }
      : T;

/** An event as clients see it, before it takes effect: the API's own types, less `processed_at`, which the store adds. */
export type WireEvent = WithOurs<WithoutStamp<BetaManagedAgentsSessionEvent>>;

/** Wraps a wire event for the journal. The API's event types hold only JSON, which their declarations cannot say. */
export function newEvent(body: WireEvent, rest: Omit<NewEvent, 'id' | 'type' | 'body'> = {}): NewEvent {
  return { id: body.id, type: body.type, body: body as object as JsonObject, ...rest };
}
