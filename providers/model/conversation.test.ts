import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TranscriptBlock, TranscriptMessage } from '../../core/session/content.ts';
import { wireCallIds } from './call-ids.ts';
import { toTurns } from './conversation.ts';

const block = fc.oneof<fc.Arbitrary<TranscriptBlock>[]>(
  fc.record({ type: fc.constant('text' as const), text: fc.constantFrom('', ' ', 'a', 'b c') }),
  fc.record({
    type: fc.constant('opaque' as const),
    provider: fc.constantFrom('me', 'other'),
    data: fc.constant(1),
  }),
  fc.record({
    type: fc.constant('tool_use' as const),
    id: fc.uuid(),
    name: fc.constant('bash'),
    input: fc.constant({}),
    vendor: fc.record({
      provider: fc.constantFrom('me', 'other'),
      callId: fc.constantFrom('call_0', 'call_1', null),
    }),
  }),
);
const message: fc.Arbitrary<TranscriptMessage> = fc.record({
  role: fc.constantFrom('user' as const, 'assistant' as const, 'system' as const),
  content: fc.array(block, { maxLength: 3 }),
});

it('always gives turns that alternate, begin with the user and hold nothing empty or foreign', () => {
  fc.assert(
    fc.property(fc.array(message), (messages) => {
      const turns = toTurns(messages, 'me');
      for (const [index, turn] of turns.entries()) {
        expect(turn.role).toBe(index % 2 === 0 ? 'user' : 'assistant');
        if (turn.role !== 'assistant') continue;
        expect(turn.blocks.length).toBeGreaterThan(0);
        for (const one of turn.blocks) {
          if (one.type === 'text') expect(one.text.trim()).not.toBe('');
          if (one.type === 'opaque') expect(one.provider).toBe('me');
        }
      }
    }),
  );
});

it('never changes finished turns, nor their ids on the wire, when the transcript grows', () => {
  fc.assert(
    fc.property(fc.array(message), fc.array(message), (head, tail) => {
      const before = toTurns(head, 'me');
      const after = toTurns([...head, ...tail], 'me');
      const finished = before.slice(0, -1);
      expect(after.slice(0, finished.length)).toEqual(finished);
      const idBefore = wireCallIds(finished, 'me', () => true);
      const idAfter = wireCallIds(after, 'me', () => true);
      for (const turn of finished)
        if (turn.role === 'assistant')
          for (const one of turn.blocks)
            if (one.type === 'tool_use') expect(idAfter(one.id)).toBe(idBefore(one.id));
    }),
  );
});

it('gives every tool use an id of its own', () => {
  fc.assert(
    fc.property(fc.array(message), (messages) => {
      const turns = toTurns(messages, 'me');
      const uses = turns
        .flatMap((turn) => (turn.role === 'assistant' ? turn.blocks : []))
        .filter(({ type }) => type === 'tool_use');
      const wireId = wireCallIds(turns, 'me', () => true);
      expect(new Set(uses.map((use) => ('id' in use ? wireId(use.id) : ''))).size).toBe(uses.length);
    }),
  );
});
