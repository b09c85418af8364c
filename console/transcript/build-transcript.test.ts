import { describe, expect, it } from 'vitest';
import { EMPTY_LOG, type FeedLog } from '../feed/feed-log.ts';
import type { SessionEvent } from '../service/wire.ts';
import { buildTranscript, waitingCalls } from './build-transcript.ts';

const TIME = '2026-01-01T00:00:00Z';
const event = (id: string, type: string, fields: object = {}) =>
  ({ id, type, processed_at: TIME, ...fields }) as unknown as SessionEvent;
const use = (id: string, fields: object = {}) =>
  event(id, 'agent.tool_use', { name: 'bash', input: { command: 'ls' }, ...fields });
const log = (events: SessionEvent[], queued: SessionEvent[] = []): FeedLog => ({
  ...EMPTY_LOG,
  events,
  queued,
});

describe('the transcript', () => {
  it('puts what belongs to a model request under it, and results with their calls', () => {
    const items = buildTranscript(
      log([
        event('m', 'user.message', { content: [] }),
        event('r', 'span.model_request_start'),
        event('t', 'agent.thinking'),
        event('a', 'agent.message', { content: [] }),
        use('u'),
        event('e', 'span.model_request_end', { model_request_start_id: 'r', is_error: false }),
        event('o', 'agent.tool_result', { tool_use_id: 'u', is_error: true }),
        event('s', 'session.usage', { usage: {} }),
        event('i', 'session.status_idle', { stop_reason: { type: 'end_turn' } }),
      ]),
    );
    expect(items.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'said m',
      'request r',
      'thinking t',
      'answer a',
      'tool u',
      'turn_end i',
    ]);
    expect(items[1]).toMatchObject({ end: { id: 'e' } });
    expect(items.slice(2, 5)).toMatchObject([{ group: 'r' }, { group: 'r' }, { group: 'r' }]);
    expect(items[4]).toMatchObject({ call: { state: 'failed', result: { id: 'o' } } });
    expect(items[5]).toMatchObject({ usage: { id: 's' } });
  });

  it('shows where an answer was cut off', () => {
    const end = (id: string, of: string, fields: object) =>
      event(id, 'span.model_request_end', { model_request_start_id: of, is_error: false, ...fields });
    const items = buildTranscript(
      log([
        event('r1', 'span.model_request_start'),
        event('a1', 'agent.message', { content: [] }),
        end('e1', 'r1', { stop_reason: 'max_tokens' }),
        event('r2', 'span.model_request_start'),
        event('a2', 'agent.message', { content: [] }),
        end('e2', 'r2', { stop_reason: 'end_turn' }),
      ]),
    );
    expect(items.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'request r1',
      'answer a1',
      'notice e1',
      'request r2',
      'answer a2',
    ]);
    expect(items[2]).toMatchObject({ tone: 'warning', title: 'Cut off here by the model’s output limit' });
  });

  it.each([
    ['runs', use('u', { evaluated_permission: 'allow' }), [], 'running'],
    ['asks', use('u', { evaluated_permission: 'ask' }), [], 'asks'],
    [
      'was allowed',
      use('u', { evaluated_permission: 'ask' }),
      [event('c', 'user.tool_confirmation', { tool_use_id: 'u', result: 'allow' })],
      'allowed',
    ],
    [
      'was denied',
      use('u', { evaluated_permission: 'ask' }),
      [
        event('c', 'user.tool_confirmation', { tool_use_id: 'u', result: 'deny' }),
        event('o', 'agent.tool_result', { tool_use_id: 'u', is_error: true }),
      ],
      'denied',
    ],
    [
      'is the client’s own',
      event('u', 'agent.custom_tool_use', { name: 'x', input: {} }),
      [],
      'needs_result',
    ],
    [
      'was answered by the client',
      event('u', 'agent.custom_tool_use', { name: 'x', input: {} }),
      [event('o', 'user.custom_tool_result', { custom_tool_use_id: 'u' })],
      'done',
    ],
  ])('tells how far a call is that %s', (_name, call, rest, state) => {
    const items = buildTranscript(log([call, ...rest]));
    expect(items).toMatchObject([{ kind: 'tool', call: { state } }]);
    expect(waitingCalls(items)).toHaveLength(['asks', 'needs_result'].includes(state) ? 1 : 0);
  });

  it('counts an answer that waits to take effect', () => {
    const answer = event('c', 'user.tool_confirmation', {
      tool_use_id: 'u',
      result: 'allow',
      processed_at: null,
    });
    expect(waitingCalls(buildTranscript(log([use('u', { evaluated_permission: 'ask' })], [answer])))).toEqual(
      [],
    );
  });

  it('tells errors plainly, and shows events that it does not know', () => {
    const items = buildTranscript(
      log([
        event('x', 'session.error', {
          error: { type: 'model_overloaded_error', message: 'busy', retry_status: { type: 'retrying' } },
        }),
        event('y', 'session.error', {
          error: { type: 'unknown_error', message: 'no', retry_status: { type: 'exhausted' } },
        }),
        event('z', 'agent.new_thing'),
      ]),
    );
    expect(items).toMatchObject([
      { tone: 'warning', title: 'Model overloaded: trying again', detail: 'busy' },
      { tone: 'bad', title: 'Unknown: gave up; send a message to go on' },
      { title: 'Event agent.new_thing' },
    ]);
  });

  it('takes no longer for a long log than its length', () => {
    const events = Array.from({ length: 10_000 }, (_, index) => use(`u${index}`));
    expect(buildTranscript(log(events))).toHaveLength(10_000);
  });
});
