import { describe, expect, it } from 'vitest';
import type { SessionEvent, StreamEvent } from '../service/wire.ts';
import { appendToLog, EMPTY_LOG, prependToLog } from './feed-log.ts';

const TIME = '2026-01-01T00:00:00Z';
const message = (id: string, time: string | null = TIME) =>
  ({ id, type: 'user.message', content: [{ type: 'text', text: id }], processed_at: time }) as SessionEvent;
const answer = (id: string, text: string) =>
  ({ id, type: 'agent.message', content: [{ type: 'text', text }], processed_at: TIME }) as SessionEvent;
const start = (id: string) => ({ type: 'event_start', event: { type: 'agent.message', id } }) as StreamEvent;
const delta = (id: string, text: string) =>
  ({
    type: 'event_delta',
    event_id: id,
    delta: { type: 'content_delta', index: 0, content: { type: 'text', text } },
  }) as StreamEvent;
const ids = (events: readonly { id: string }[]) => events.map(({ id }) => id);

describe('the log of a session', () => {
  it('holds each event once, whatever brings it', () => {
    const known = new Set<string>();
    const first = appendToLog(EMPTY_LOG, [message('a'), message('b')], known);
    const second = appendToLog(first, [message('b'), message('c')], known);
    expect(ids(second.events)).toEqual(['a', 'b', 'c']);
  });

  it('keeps what waits apart until it takes effect', () => {
    const known = new Set<string>();
    const sent = appendToLog(EMPTY_LOG, [message('a', null), message('a', null), message('b', null)], known);
    expect([ids(sent.events), ids(sent.queued)]).toEqual([[], ['a', 'b']]);
    const taken = appendToLog(sent, [message('a')], known);
    expect([ids(taken.events), ids(taken.queued)]).toEqual([['a'], ['b']]);
    expect(appendToLog(taken, [message('a', null)], known).queued).toEqual(taken.queued);
  });

  it('shows a message while it is written, and the finished one in its place', () => {
    const known = new Set<string>();
    const written = appendToLog(EMPTY_LOG, [start('m'), delta('m', 'Hel'), delta('m', 'lo')], known);
    expect(written.previews).toMatchObject([{ id: 'm', content: [{ type: 'text', text: 'Hello' }] }]);
    const finished = appendToLog(written, [answer('m', 'Hello!')], known);
    expect([finished.previews, ids(finished.events)]).toEqual([[], ['m']]);
    expect(appendToLog(finished, [start('m'), delta('m', 'again')], known).previews).toEqual([]);
  });

  it('drops what was being written when its request ends without it', () => {
    const known = new Set<string>();
    const end = {
      id: 'e',
      type: 'span.model_request_end',
      model_request_start_id: 's',
      is_error: true,
      model_usage: {},
      processed_at: TIME,
    } as unknown as SessionEvent;
    expect(appendToLog(EMPTY_LOG, [start('m'), delta('m', 'x'), end], known).previews).toEqual([]);
  });

  it('grows at its beginning by pages that are read newest first', () => {
    const known = new Set<string>();
    const log = appendToLog(EMPTY_LOG, [message('c'), message('d')], known);
    expect(ids(prependToLog(log, [message('c'), message('b'), message('a')], known).events)).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
  });
});
