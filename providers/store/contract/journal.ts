import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accept } from '../../../core/journal/accept.ts';
import { archive, CLOSE } from '../../../core/journal/archive.ts';
import { createJournalWriter, type JournalWriter } from '../../../core/journal/journal-writer.ts';
import { FRESH_TURN } from '../../../core/journal/turn.ts';
import type { NewEvent } from '../../../core/journal/view.ts';
import { makeId } from '../../../core/ids.ts';
import type { JsonObject } from '../../../core/json.ts';
import { compactedEvent } from '../../../core/session/context/compacted-event.ts';
import type { Journal, NewSession, TransactionRequest } from '../journal.ts';

export interface JournalSubject {
  journal: Journal;
  /** Moves a session to a new epoch, as the sweeper does. Returns it. */
  raiseEpoch(sessionId: string): Promise<number>;
  close(): Promise<void>;
}

const THREAD = 'sthr_contract';
const WORKSPACE = 'w1';
const ids = { event: () => makeId('event', Date.now(), randomBytes(10)) };

function event(type = 'agent.message', body: JsonObject = {}, parts: Partial<NewEvent> = {}): NewEvent {
  const id = ids.event();
  return { id, type, body: { id, type, ...body }, ...parts };
}

function aSession(): NewSession {
  return {
    id: makeId('session', Date.now(), randomBytes(10)),
    workspaceId: WORKSPACE,
    threadId: THREAD,
    agent: { model: { id: 'claude-test' }, tools: [] },
    agentId: 'agent_1',
    agentVersion: 1,
    agentName: 'tester',
    environmentId: 'env_1',
    title: null,
    metadata: {},
    vaultIds: [],
    budget: null,
  };
}

/** Every journal passes this. */
export function journalContract(name: string, open: () => Promise<JournalSubject>): void {
  describe(`a journal ${name}`, () => {
    let subject: JournalSubject;
    let journal: Journal;
    beforeAll(async () => {
      subject = await open();
      journal = subject.journal;
    });
    afterAll(async () => subject.close());

    async function create(): Promise<string> {
      const session = aSession();
      await journal.createSession(session, () => ({ writes: null, result: null }));
      return session.id;
    }

    /** Writes what `work` says, in one transaction of an activity. */
    async function write(
      sessionId: string,
      work: (writer: JournalWriter) => void,
      parts: Partial<TransactionRequest> & { stepKey?: string } = {},
    ) {
      const { stepKey = null, ...request } = parts;
      return journal.transact({ sessionId, caller: 'activity', ...request }, (view) => {
        const writer = createJournalWriter(view, ids);
        work(writer);
        return { writes: writer.finish(stepKey), result: view };
      });
    }

    const look = async (request: Partial<TransactionRequest> & { sessionId: string }) => {
      const { result } = await journal.transact({ caller: 'activity', ...request }, (view) => ({
        writes: null,
        result: view,
      }));
      return result;
    };

    it('creates a session with the events that come with it, in one transaction', async () => {
      const session = aSession();
      await expect(
        journal.createSession(session, () => {
          throw new Error('refused');
        }),
      ).rejects.toThrow('refused');
      expect(await journal.head(session.id)).toBeNull();
      const message = event('user.message', { content: [] });
      await journal.createSession(session, (view) => {
        const { writes, accepted } = accept(view, [message], 10, ids);
        return { writes, result: accepted };
      });
      expect(await journal.head(session.id)).toMatchObject({
        workspaceId: WORKSPACE,
        threadId: THREAD,
        status: 'idle',
        busy: true,
        lastSeq: 0,
        archivedAt: null,
      });
      expect(await journal.event(session.id, message.id)).toMatchObject({ seq: null, arrival: 1 });
    });

    it('gives transactions that race whole, gapless stretches, in the order in which they commit', async () => {
      const id = await create();
      const commits: { lastSeq: number; events: string[] }[] = [];
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const events = [event(), event(), event()];
          const { lastSeq } = await write(id, (writer) => events.forEach((entry) => writer.append(entry)));
          commits.push({ lastSeq, events: events.map((entry) => entry.id) });
        }),
      );
      const log = await journal.eventsAfter(id, 0, 1_000);
      expect(log.map((entry) => entry.seq)).toEqual(log.map((_, index) => index + 1));
      expect(log).toHaveLength(60);
      for (const { lastSeq, events } of commits) {
        expect(log.slice(lastSeq - 3, lastSeq).map((entry) => entry.id)).toEqual(events);
      }
      const times = log.map((entry) => entry.processedAt ?? 0);
      expect(times).toEqual([...times].sort((left, right) => left - right));
    });

    it('gives racing clients dense arrivals', async () => {
      const id = await create();
      const arrivals = await Promise.all(
        Array.from({ length: 15 }, async () => {
          const { result } = await journal.transact({ sessionId: id, caller: 'client' }, (view) => {
            const { writes, accepted } = accept(view, [event('user.message')], 100, ids);
            return { writes, result: accepted[0]?.arrival ?? 0 };
          });
          return result;
        }),
      );
      expect(arrivals.sort((left, right) => left - right)).toEqual(arrivals.map((_, index) => index + 1));
    });

    it('writes nothing where the decision throws or writes nothing', async () => {
      const id = await create();
      await write(id, (writer) => writer.append(event()));
      await expect(
        journal.transact({ sessionId: id, caller: 'client' }, () => {
          throw new Error('refused');
        }),
      ).rejects.toThrow('refused');
      expect((await look({ sessionId: id })).head.lastSeq).toBe(1);
      expect((await journal.eventsAfter(id, 0, 10)).length).toBe(1);
    });

    it('tells clients and activities apart where a session cannot be used', async () => {
      const id = await create();
      const code = async (request: Partial<TransactionRequest>) =>
        look({ sessionId: id, ...request }).then(
          () => 'none',
          (error: unknown) => (error as { code?: string }).code,
        );
      expect(await code({ sessionId: 'sesn_unknown', caller: 'client' })).toBe('not_found');
      expect(await code({ sessionId: 'sesn_unknown' })).toBe('session_gone');
      expect(await code({ workspaceId: 'w2', caller: 'client' })).toBe('not_found');
      expect(await code({ workspaceId: WORKSPACE, caller: 'client' })).toBe('none');

      const epoch = await subject.raiseEpoch(id);
      expect(await code({ epoch: epoch - 1 })).toBe('session_superseded');
      expect(await code({ epoch })).toBe('none');

      await journal.transact({ sessionId: id, caller: 'client' }, (view) => ({
        writes: archive(view, ids),
        result: null,
      }));
      expect(await code({ epoch })).toBe('session_gone');
      expect(await code({ caller: 'client' })).toBe('invalid_request');
      expect(await journal.head(id)).toMatchObject({ status: 'terminated', busy: false });

      await journal.deleteSession({ sessionId: id, caller: 'client' }, () => undefined);
      expect(await code({ caller: 'client' })).toBe('not_found');
      expect(await code({})).toBe('session_gone');
      expect(await journal.head(id)).toBeNull();
      expect(await journal.eventsAfter(id, 0, 10)).toEqual([]);
      await expect(journal.setup(id)).rejects.toMatchObject({ code: 'session_gone' });
      expect((await journal.lastSeqs([id])).size).toBe(0);
    });

    it('keeps a session whose deletion is refused', async () => {
      const id = await create();
      await expect(
        journal.deleteSession({ sessionId: id, caller: 'client' }, () => {
          throw new Error('busy');
        }),
      ).rejects.toThrow('busy');
      expect(await journal.head(id)).not.toBeNull();
    });

    it('gives every body back as it was: NUL, lone surrogates, the order of its keys', async () => {
      const id = await create();
      const body = { z: 'a\u0000b', a: '\ud800 alone', '\udfff': [1.5, null, { é: true }] };
      const entry = event('agent.message', body, { detail: { data: '\u0000\udc00' } });
      await write(id, (writer) => writer.append(entry));
      const stored = await journal.event(id, entry.id);
      expect(JSON.stringify(stored?.body)).toBe(JSON.stringify(entry.body));
      expect(JSON.stringify(stored?.detail)).toBe(JSON.stringify(entry.detail));
    });

    it('stamps queued events once, and never lists internal rows', async () => {
      const id = await create();
      const message = event('user.message');
      await write(id, (writer) => {
        writer.enqueue(message);
        writer.enqueue(event(CLOSE));
      });
      const before = await look({ sessionId: id });
      expect(before.queue.map(({ arrival, type }) => [arrival, type])).toEqual([
        [1, 'user.message'],
        [2, CLOSE],
      ]);
      await write(id, (writer) => before.queue.forEach((queued) => writer.stamp(queued)), { stepKey: 't/1' });
      expect((await look({ sessionId: id })).queue).toEqual([]);
      const log = await journal.eventsAfter(id, 0, 10);
      expect(log.map((entry) => [entry.id, entry.seq, entry.arrival, entry.stepKey])).toEqual([
        [message.id, 1, 1, 't/1'],
      ]);
      expect(await journal.eventsOfStep(id, 't/1')).toEqual(log);
    });

    it('shows the calls without a result in the order of the model, with their answers and rows', async () => {
      const id = await create();
      const call = { name: 'bash', label: 'bash · ls', kind: 'ask' as const };
      await write(id, (writer) => {
        writer.addCalls(['c2', 'c1', 'c3'].map((callId) => ({ id: callId, ...call })));
        writer.answer('c1', 'deny', 'not now');
        writer.result('c3', event('agent.tool_result'));
      });
      const row = {
        key: 'tool/c2',
        fence: 1_700_000_000_000_001,
        through: 3,
        arrived: 2,
        span: null,
        failures: 2,
        firstFailureAt: 1_700_000_000_123,
        outcome: null,
      };
      const claim = { worker: 'w-1', taskToken: new Uint8Array([0, 255, 7]) };
      await write(id, (writer) => writer.writeRow(row), { claim });
      const view = await look({ sessionId: id, rowKey: 'tool/c2', named: ['c3', 'c1', 'cx'] });
      expect(view.calls).toMatchObject([
        { id: 'c2', ...call, answer: null, denyMessage: null, row },
        { id: 'c1', ...call, answer: 'deny', denyMessage: 'not now', row: null },
      ]);
      expect(view.row).toMatchObject(row);
      expect([...view.named].sort((left, right) => left.id.localeCompare(right.id))).toEqual([
        { id: 'c1', kind: 'ask', resolved: false },
        { id: 'c3', kind: 'ask', resolved: true },
      ]);
      const outcome = { kind: 'abandoned' as const, toolUseId: 'c2' };
      await write(id, (writer) => writer.writeRow({ ...row, outcome }));
      expect((await look({ sessionId: id, rowKey: 'tool/c2' })).row?.outcome).toEqual(outcome);
    });

    it('keeps status, stop reason, usage and the thread’s place with the events that announce them', async () => {
      const id = await create();
      const usage = {
        input_tokens: 1,
        output_tokens: 2,
        cache_read_input_tokens: 3,
        cache_creation_5m_input_tokens: 4,
        cache_creation_1h_input_tokens: 5,
        list_cost_nano_usd: 6_000_000_000_000,
      };
      const detour = { failed: ['a', 'b'], model: 'c' };
      const turn = { ...FRESH_TURN, rounds: 4, lastCall: 'x', calls: 2, detour };
      await write(id, (writer) => {
        writer.running();
        writer.addUsage(usage, false);
        writer.setTurn(turn);
        writer.setOwed(true);
        writer.advance(3);
      });
      expect(await journal.head(id)).toMatchObject({ status: 'running', busy: true, usage });
      expect((await look({ sessionId: id })).thread).toMatchObject({ step: 3, owed: true, turn });
      expect((await look({ sessionId: id })).head).toMatchObject({ unpriced: true, budget: null });
      const stop = { type: 'requires_action' as const, event_ids: ['a', 'b'] };
      await write(id, (writer) => writer.idle(stop));
      expect(await journal.head(id)).toMatchObject({ status: 'idle', stop, busy: false });
      expect((await look({ sessionId: id })).head).toMatchObject({ stop, runningSince: null });
    });

    it('keeps where the session, its waiting events and its turn stand in their traces', async () => {
      const at = (digit: string) => ({ traceparent: `00-${digit.repeat(32)}-${digit.repeat(16)}-01` });
      const session = { ...aSession(), trace: { ...at('1'), tracestate: 'vendor=here' } };
      await journal.createSession(session, () => ({ writes: null, result: null }));
      const id = session.id;
      expect(await journal.setup(id)).toMatchObject({ trace: session.trace });
      expect(await journal.setup(await create())).toMatchObject({ trace: null });
      const [message, next] = [
        event('user.message', {}, { trace: at('2') }),
        event('user.message', {}, { trace: at('3') }),
      ];
      await write(id, (writer) => {
        writer.enqueue(message);
        writer.enqueue(next);
        writer.enqueue(event('user.message'));
      });
      const { queue } = await look({ sessionId: id });
      expect(queue.map(({ trace }) => trace)).toEqual([at('2'), at('3'), null]);
      await write(id, (writer) => {
        writer.running();
        for (const waiting of queue) writer.stamp(waiting);
      });
      const running = (await look({ sessionId: id })).thread.trace;
      expect(running).toMatchObject({ parent: at('2'), eventId: message.id, joined: [at('3')], end: null });
      await write(id, (writer) => writer.idle({ type: 'end_turn' }), { stepKey: `${THREAD}/1` });
      expect((await look({ sessionId: id })).thread.trace).toMatchObject({
        parent: at('2'),
        end: { reason: 'end_turn', stepKey: `${THREAD}/1` },
      });
    });

    it('knows a busy session from one whose messages wait behind a call', async () => {
      const id = await create();
      await write(id, (writer) => {
        writer.enqueue(event('user.message'));
        writer.addCalls([{ id: 'c1', name: 'bash', label: '', kind: 'ask' }]);
      });
      expect((await journal.head(id))?.busy).toBe(false);
      await write(id, (writer) => writer.answer('c1', 'allow', null));
      expect((await journal.head(id))?.busy).toBe(true);
    });

    it('finds the newest compaction that a step may see', async () => {
      const id = await create();
      await write(id, (writer) => {
        writer.append(event());
        writer.append(compactedEvent('sevt_c1', 'one', 1));
        writer.append(event());
        writer.append(compactedEvent('sevt_c2', 'two', 3));
      });
      expect(await journal.lastCompaction(id, THREAD, 1)).toBeNull();
      expect(await journal.lastCompaction(id, THREAD, 3)).toEqual({ keptFrom: 1 });
      expect(await journal.lastCompaction(id, THREAD, 4)).toEqual({ keptFrom: 3 });
      expect(await journal.lastCompaction(id, 'sthr_other', 4)).toBeNull();
    });

    it('reads ranges as streams and steps ask for them', async () => {
      const id = await create();
      const other = await create();
      await write(id, (writer) => [1, 2, 3, 4].forEach(() => writer.append(event())));
      const seqs = (events: { seq: number | null }[]) => events.map((entry) => entry.seq);
      expect(seqs(await journal.eventsAfter(id, 1, 2))).toEqual([2, 3]);
      expect(seqs(await journal.eventsThrough(id, THREAD, 1, 3))).toEqual([2, 3]);
      expect(await journal.eventsThrough(id, 'sthr_other', 0, 4)).toEqual([]);
      expect(await journal.lastSeqs([id, other, 'sesn_unknown'])).toEqual(
        new Map([
          [id, 4],
          [other, 0],
        ]),
      );
      expect(await journal.event(other, 'sevt_none')).toBeNull();
    });

    it.each(['large', 'large when they are unpacked'])(
      'reads fewer at once whose bodies are %s',
      async (which) => {
        const id = await create();
        const text = which === 'large' ? randomBytes(1_500_000).toString('hex') : 'x'.repeat(10_000_000);
        for (let index = 0; index < 6; index++)
          await write(id, (writer) => writer.append(event('agent.message', { text })));
        const pages: number[] = [];
        let after = 0;
        for (;;) {
          const page = await journal.eventsAfter(id, after, 100);
          if (page.length === 0) break;
          expect(page.map(({ seq }) => seq)).toEqual(page.map((_, index) => after + 1 + index));
          expect(page.at(-1)?.body['text']).toBe(text);
          pages.push(page.length);
          after += page.length;
        }
        expect(after).toBe(6);
        expect(Math.max(...pages)).toBeLessThan(6);
      },
    );

    it('reads what a session was created with', async () => {
      const id = await create();
      expect(await journal.setup(id)).toMatchObject({ workspaceId: WORKSPACE, environmentId: 'env_1' });
    });
  });
}
