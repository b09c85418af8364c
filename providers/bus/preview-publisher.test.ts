import type {
  BetaManagedAgentsAgentMessageEvent,
  BetaManagedAgentsStreamSessionEvents,
} from '@anthropic-ai/sdk/resources/beta/sessions/events';
import {
  accumulateManagedAgentsEvent,
  type AccumulatedEvent,
} from '@anthropic-ai/sdk/lib/sessions/accumulate';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toPreviewEvent } from '../../api/sse/preview-event.ts';
import { responseEvents } from '../../core/session/response-events.ts';
import type { ModelStreamPart, ResponseBlock } from '../model/model-provider.ts';
import type { BusMessage, Preview } from './bus.ts';
import { createPreviewPublisher } from './preview-publisher.ts';

/** A response: each text block as the pieces in which it comes. */
const response = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constant('text' as const),
      pieces: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }),
    }),
    fc.record({ type: fc.constant('thinking' as const) }),
    fc.record({ type: fc.constant('tool_use' as const) }),
  ),
  { maxLength: 8 },
);
type Shape = typeof response extends fc.Arbitrary<infer Value> ? Value : never;

function play(shape: Shape): {
  previews: Preview[];
  messages: BetaManagedAgentsAgentMessageEvent[];
  ids: string[];
} {
  let next = 0;
  const newEventId = () => `sevt_${++next}`;
  const published: BusMessage[] = [];
  const publisher = createPreviewPublisher(
    { publish: (message) => published.push(message) },
    { sessionId: 'sesn_1', threadId: 'sthr_1', spanSeq: 3, newEventId },
  );
  const blocks = shape.map((block): ResponseBlock => {
    switch (block.type) {
      case 'text':
        return { type: 'text', text: block.pieces.join('') };
      case 'thinking':
        return { type: 'thinking', opaque: { type: 'opaque', provider: 'demo', data: null } };
      case 'tool_use':
        return { type: 'tool_use', name: 'bash', input: {}, vendor: { provider: 'demo', callId: null } };
    }
  });
  const parts = shape.flatMap((block, index): ModelStreamPart[] => [
    { type: 'block-start', index, block: block.type },
    ...(block.type === 'text'
      ? block.pieces.map((text): ModelStreamPart => ({ type: 'text-delta', index, text }))
      : []),
  ]);
  for (const part of parts) publisher.part(part);
  const { events } = responseEvents(
    { blocks, stop: 'end_turn' },
    publisher.blockIds,
    () => ({ kind: 'custom' }),
    { event: newEventId },
  );
  const wire = events.map(
    ({ body }) => ({ ...body, processed_at: '' }) as object as BetaManagedAgentsStreamSessionEvents,
  );
  return {
    previews: published.filter((message): message is Preview => message.type.startsWith('preview_')),
    messages: wire.filter((event) => event.type === 'agent.message'),
    ids: wire.filter((event) => 'id' in event).map((event) => event.id),
  };
}

describe('the preview publisher', () => {
  it('shows exactly the messages that are journaled, as the SDK puts them together', () => {
    fc.assert(
      fc.property(response, (shape) => {
        const { previews, messages } = play(shape);
        const put = new Map<string, AccumulatedEvent>();
        let open: AccumulatedEvent | undefined;
        for (const preview of previews) {
          if (preview.type === 'preview_start' && preview.eventType === 'agent.thinking') continue;
          const accumulated = accumulateManagedAgentsEvent(open, toPreviewEvent(preview));
          if (!accumulated) throw new Error('nothing came of a preview');
          open = accumulated;
          put.set(preview.eventId, open);
        }
        expect([...put.values()]).toEqual(messages);
      }),
    );
  });

  it('starts each event once, under an id that a journaled event has', () => {
    fc.assert(
      fc.property(response, (shape) => {
        const { previews, ids } = play(shape);
        const started = previews.filter((preview) => preview.type === 'preview_start');
        const unique = new Set(started.map((preview) => preview.eventId));
        expect(unique.size).toBe(started.length);
        for (const id of unique) expect(ids).toContain(id);
      }),
    );
  });

  it('says of every delta how much text came before it', () => {
    fc.assert(
      fc.property(response, (shape) => {
        const lengths = new Map<string, number>();
        for (const preview of play(shape).previews) {
          if (preview.type !== 'preview_delta') continue;
          expect(preview.offset).toBe(lengths.get(preview.eventId) ?? 0);
          lengths.set(preview.eventId, preview.offset + preview.text.length);
        }
      }),
    );
  });
});
