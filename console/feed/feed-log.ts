import type { AgentMessage, SessionEvent, StreamEvent } from '../service/wire.ts';
import { accumulateManagedAgentsEvent } from '@anthropic-ai/sdk/lib/sessions/accumulate';

/** What is known of a session's log: a gapless piece of it that reaches to its end, what waits, and what is being written right now. */
export interface FeedLog {
  /** In the log's order. */
  events: readonly SessionEvent[];
  /** Sent, and not taken up yet; by arrival. */
  queued: readonly SessionEvent[];
  /** Messages as far as the model has written them, by the id that the finished one will have. */
  previews: readonly AgentMessage[];
  /** Ids of thinking that goes on. */
  thinking: readonly string[];
}

export const EMPTY_LOG: FeedLog = { events: [], queued: [], previews: [], thinking: [] };

/** Whether an event has taken effect. */
export function hasTakenEffect(event: SessionEvent): boolean {
  return !('processed_at' in event) || event.processed_at !== null;
}

/** Adds what a stream or a later page brought. What is there already is not added again. */
export function appendToLog(log: FeedLog, arrived: readonly StreamEvent[], known: Set<string>): FeedLog {
  const events: SessionEvent[] = [];
  let { previews, thinking, queued } = log;
  for (const event of arrived) {
    if (event.type === 'event_start') {
      if (known.has(event.event.id)) continue;
      if (event.event.type === 'agent.thinking') thinking = [...thinking, event.event.id];
      const opened = accumulateManagedAgentsEvent(undefined, event);
      if (opened) previews = [...previews, opened];
    } else if (event.type === 'event_delta') {
      previews = previews.map((preview) =>
        preview.id === event.event_id ? (accumulateManagedAgentsEvent(preview, event) ?? preview) : preview,
      );
    } else {
      if (known.has(event.id)) continue;
      if (!hasTakenEffect(event)) {
        if (!queued.some(({ id }) => id === event.id)) queued = [...queued, event];
        continue;
      }
      known.add(event.id);
      events.push(event);
      queued = queued.filter(({ id }) => id !== event.id);
      previews = previews.filter(({ id }) => id !== event.id);
      thinking = thinking.filter((id) => id !== event.id);
      // A request that ends without its message, since it failed or was interrupted, never sends it.
      if (event.type === 'span.model_request_end' || event.type === 'session.status_idle') {
        previews = [];
        thinking = [];
      }
    }
  }
  return {
    events: events.length === 0 ? log.events : [...log.events, ...events],
    queued,
    previews,
    thinking,
  };
}

/** Adds an older page, given newest first, before what is there. */
export function prependToLog(log: FeedLog, older: readonly SessionEvent[], known: Set<string>): FeedLog {
  const fresh = older.filter((event) => hasTakenEffect(event) && !known.has(event.id));
  for (const { id } of fresh) known.add(id);
  return { ...log, events: [...fresh.toReversed(), ...log.events] };
}
