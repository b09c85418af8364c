import type {
  BetaManagedAgentsDeltaEvent,
  BetaManagedAgentsStartEvent,
} from '@anthropic-ai/sdk/resources/beta/sessions/sessions';
import type { Preview } from '../../providers/bus/bus.ts';

/** A preview as clients see it. */
export function toPreviewEvent(preview: Preview): BetaManagedAgentsStartEvent | BetaManagedAgentsDeltaEvent {
  if (preview.type === 'preview_start') {
    return { type: 'event_start', event: { type: preview.eventType, id: preview.eventId } };
  }
  return {
    type: 'event_delta',
    event_id: preview.eventId,
    delta: {
      type: 'content_delta',
      index: preview.index,
      content: { type: 'text', text: preview.text },
    },
  };
}
