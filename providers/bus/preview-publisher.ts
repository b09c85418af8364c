import type { BlockIds } from '../../core/session/block-ids.ts';
import type { ModelStreamPart } from '../model/model-provider.ts';
import type { Bus } from './bus.ts';

/** Shows one attempt's response while it is being written. */
export interface PreviewPublisher {
  /** Takes every part of the stream, in its order. */
  part(part: ModelStreamPart): void;
  /** The ids under which blocks were shown so far; the final events carry them. */
  readonly blockIds: BlockIds;
}

/**
 * Turns the parts of a model's stream into previews on the bus. Each attempt has a publisher of its own, so that a retried attempt
 * shows itself under new ids.
 *
 * @param options.spanSeq - the `seq` of the attempt's `span.model_request_start`, the last event of its opening.
 */
export function createPreviewPublisher(
  bus: Pick<Bus, 'publish'>,
  options: { sessionId: string; threadId: string; spanSeq: number; newEventId: () => string },
): PreviewPublisher {
  const { sessionId, threadId, spanSeq, newEventId } = options;
  const thinking: string[] = [];
  const text: string[] = [];
  /** The message that following text belongs to: its id, how many blocks it has, how long its text is. */
  let message: { id: string; blocks: number; length: number } | null = null;
  /** The block of the stream that text comes from, and its place in the message. */
  let block: { index: number; place: number } | null = null;

  const start = (eventType: 'agent.message' | 'agent.thinking') => {
    const eventId = newEventId();
    bus.publish({ type: 'preview_start', sessionId, threadId, spanSeq, eventId, eventType });
    return eventId;
  };

  return {
    blockIds: { thinking, text },
    part(part) {
      switch (part.type) {
        case 'block-start':
          block = null;
          if (part.block !== 'text') message = null;
          if (part.block === 'thinking') thinking.push(start('agent.thinking'));
          return;
        case 'text-delta': {
          // A block counts from its first character on: empty ones are no part of the message.
          if (part.text === '') return;
          message ??= { id: start('agent.message'), blocks: 0, length: 0 };
          if (block?.index !== part.index) {
            block = { index: part.index, place: message.blocks++ };
            text.push(message.id);
          }
          bus.publish({
            type: 'preview_delta',
            sessionId,
            threadId,
            spanSeq,
            eventId: message.id,
            index: block.place,
            offset: message.length,
            text: part.text,
          });
          message.length += part.text.length;
          return;
        }
        case 'usage':
        case 'finish':
          return;
      }
    },
  };
}
