import type { BetaManagedAgentsSessionDeletedEvent } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import { ID_PREFIXES } from '../../core/ids.ts';
import { sseFrame } from './sse-frame.ts';

/**
 * The last frame of a deleted session's streams. The event is in no journal, since that is gone; it is made of what remains, so that
 * every api process shows the same.
 *
 * @param deletedAt - Unix milliseconds.
 */
export function deletedFrame(sessionId: string, deletedAt: number): Buffer {
  const event: BetaManagedAgentsSessionDeletedEvent = {
    id: `${ID_PREFIXES.event}_${sessionId.slice(sessionId.indexOf('_') + 1)}`,
    type: 'session.deleted',
    processed_at: new Date(deletedAt).toISOString(),
  };
  return sseFrame(event.type, event);
}
