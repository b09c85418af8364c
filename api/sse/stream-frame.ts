import { toShownEvent } from '../../core/journal/shown-event.ts';
import type { JsonObject } from '../../core/json.ts';
import type { JournalEvent } from '../../providers/store/journal.ts';
import { sseFrame } from './sse-frame.ts';

/** A journaled event, serialised once for all who watch, and what a stream has to know about it. */
export interface StreamFrame {
  seq: number;
  eventId: string;
  type: string;
  threadId: string;
  /** For `span.model_request_end`: the id of the event that began the span. */
  spanId: string | null;
  bytes: Buffer;
}

/** @param body - the event's body with its large strings in place. */
export function toStreamFrame(event: JournalEvent & { seq: number }, body: JsonObject): StreamFrame {
  const { seq, id, type, threadId, processedAt } = event;
  const spanId = body['model_request_start_id'];
  return {
    seq,
    eventId: id,
    type,
    threadId,
    spanId: typeof spanId === 'string' ? spanId : null,
    bytes: sseFrame(type, toShownEvent(body, processedAt), seq),
  };
}
