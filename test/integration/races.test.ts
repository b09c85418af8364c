import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isAppError } from '../../core/errors.ts';
import { createJournalFaults, lostAnswer, type Moment } from '../harness/journal-faults.ts';
import { expectJournalInHistory, expectSoundLog } from '../harness/journal-check.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import {
  customResult,
  startSessionLab,
  userConfirmation,
  userInterrupt,
  userMessage,
  type SessionLab,
} from '../harness/session-lab.ts';
import { createStageSandbox } from '../harness/stage-sandbox.ts';
import { AGENT, waitingFor } from '../replay/scenarios.ts';

/** What clients do and what goes wrong, at every moment of a turn, on a live Temporal and a live PostgreSQL. */
describe('a turn in which something happens at every moment', () => {
  const faults = createJournalFaults();
  const sandbox = createStageSandbox();
  let lab: SessionLab;

  beforeAll(async () => {
    const provider = createScriptedProvider();
    lab = await startSessionLab({ provider, runner: sandbox, faults: (journal) => faults.wrap(journal) });
    await lab.startWorker();
  });
  afterAll(async () => lab.stop());
  beforeEach(() => {
    faults.onTransaction = null;
  });

  async function begin(order: string): Promise<string> {
    const { id } = await lab.createSession(AGENT, [userMessage(order)]);
    return id;
  }

  /** A session whose command has begun and waits to be released. */
  async function beginWaiting(): Promise<string> {
    const before = sandbox.effects.size;
    const id = await begin('run wait');
    await expect.poll(() => sandbox.effects.size, { interval: 5, timeout: 10_000 }).toBe(before + 1);
    return id;
  }

  /** Plays `run 0` and calls `act` at this moment of its nth transaction. Returns the session. */
  async function playAndAct(
    moment: Moment,
    nth: number,
    act: (sessionId: string, request: { rowKey?: string }) => Promise<void>,
  ): Promise<string> {
    const { id } = await lab.createSession(AGENT);
    let count = 0;
    let acted = false;
    const previous = faults.onTransaction;
    faults.onTransaction = async (when, request) => {
      await previous?.(when, request);
      if (request.sessionId !== id || when !== moment) return;
      if (++count !== nth) return;
      await act(id, request).finally(() => (acted = true));
    };
    await lab.send(id, [userMessage('run 0')]);
    await lab.rest(id);
    // That the last commit is there can be seen before the moment after it comes.
    await expect.poll(() => acted, { timeout: 10_000 }).toBe(true);
    return id;
  }

  /** The same at every moment of the turn, several at once. */
  async function atEveryMoment(
    act: (sessionId: string) => Promise<void>,
    check: (sessionId: string) => Promise<void>,
  ): Promise<void> {
    const moments = Array.from({ length: 6 }, (_, index) => index + 1).flatMap((nth) =>
      (['before', 'after'] as const).map((moment) => ({ moment, nth })),
    );
    const sessions = await Promise.all(moments.map(async ({ moment, nth }) => playAndAct(moment, nth, act)));
    for (const id of sessions) await check(id);
  }

  async function sound(id: string): Promise<void> {
    await lab.rest(id);
    await expectSoundLog(lab, id);
    await expectJournalInHistory(lab, id);
  }

  it('answers a message that arrives at any moment', async () => {
    await atEveryMoment(
      async (id) => void (await lab.send(id, [userMessage('late')])),
      async (id) => {
        await sound(id);
        const log = await lab.journal.eventsAfter(id, 0, 1_000);
        const last = log.findLastIndex((event) => event.type === 'user.message');
        expect(JSON.stringify(log[last]?.body)).toContain('late');
        expect(log.slice(last).some((event) => event.type === 'agent.message')).toBe(true);
      },
    );
  });

  it('stops at an interrupt that arrives at any moment, and goes on with the next message', async () => {
    await atEveryMoment(
      async (id) => void (await lab.send(id, [userInterrupt()])),
      async (id) => {
        await sound(id);
        const log = await lab.journal.eventsAfter(id, 0, 1_000);
        const place = log.findIndex((event) => event.type === 'user.interrupt');
        expect(place).toBeGreaterThan(-1);
        expect(log.slice(place).some((event) => event.type === 'span.model_request_start')).toBe(false);
        await lab.send(id, [userMessage('hello')]);
        await sound(id);
        expect((await lab.types(id)).slice(place)).toContain('agent.message');
      },
    );
  });

  it.each(['archive', 'remove'] as const)(
    'refuses to %s a session at every moment of its turn, and does it afterwards',
    async (verb) => {
      const refusals: unknown[] = [];
      await atEveryMoment(
        async (id) => {
          // After its last commit a turn is over, and nothing is refused any more.
          if ((await lab.journal.head(id))?.busy !== true) return;
          await lab[verb](id).catch((error: unknown) => refusals.push(error));
        },
        async (id) => {
          await sound(id);
          await lab[verb](id);
          if (verb === 'archive') expect((await lab.types(id)).at(-1)).toBe('session.status_terminated');
          else expect(await lab.journal.head(id)).toBeNull();
          await expect.poll(async () => lab.engine.stateOf(id), { timeout: 10_000 }).toBe('missing');
        },
      );
      expect(refusals).toHaveLength(11);
      expect(refusals.every((error) => isAppError(error) && error.code === 'invalid_request')).toBe(true);
    },
  );

  it('loses nothing when the answer to any commit is lost', async () => {
    const lost = new Set<string>();
    for (let nth = 1; nth <= 6; nth++) {
      const effects = sandbox.effects.size;
      const id = await playAndAct('after', nth, async (sessionId) => {
        if (lost.has(sessionId)) return;
        lost.add(sessionId);
        throw lostAnswer();
      });
      await sound(id);
      const log = await lab.journal.eventsAfter(id, 0, 1_000);
      expect(log.filter((event) => event.type === 'agent.message')).toHaveLength(1);
      const results = log.filter((event) => event.type === 'agent.tool_result');
      expect(results).toHaveLength(1);
      // Also after a lost opening: the attempt looks again, finds its own claim and knows that it began nothing.
      expect(results[0]?.body['is_error']).toBe(false);
      expect(sandbox.effects.size - effects).toBe(1);
    }
  });

  it('takes no notice of an opening that comes after the end of its turn', async () => {
    const { id } = await lab.createSession(AGENT);
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let arrived = false;
    faults.onTransaction = async (moment, request) => {
      if (request.sessionId !== id || moment !== 'before' || arrived) return;
      arrived = true;
      await held;
    };
    await lab.send(id, [userMessage('run 0')]);
    await expect.poll(() => arrived).toBe(true);
    await lab.send(id, [userInterrupt()]);
    await lab.rest(id);
    const before = await lab.types(id);
    letGo();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await lab.types(id)).toEqual(before);
    expect(before).not.toContain('span.model_request_start');
    await lab.send(id, [userMessage('hello')]);
    await sound(id);
    expect(await lab.types(id)).toContain('agent.message');
  });

  it('hears signals in swapped order', async () => {
    for (const [first, second] of [
      [userMessage('hello'), userInterrupt()],
      [userInterrupt(), userMessage('hello')],
      [userMessage('one'), userMessage('two')],
    ] as const) {
      const id = await beginWaiting();
      const [early] = await lab.send(id, [first], 'untold');
      const [late] = await lab.send(id, [second], 'untold');
      await lab.tell(id, [second], [late]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await lab.tell(id, [first], [early]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      sandbox.release();
      await sound(id);
      const arrivals = (await lab.journal.eventsAfter(id, 0, 1_000)).flatMap((event) => event.arrival ?? []);
      expect(arrivals).toEqual([1, 2, 3]);
    }
  });

  it('ends a question by an interrupt, and by an archive', async () => {
    const interrupted = await begin('call write');
    await waitingFor(lab, interrupted);
    await lab.send(interrupted, [userInterrupt()]);
    await sound(interrupted);
    expect((await lab.journal.head(interrupted))?.stop).toEqual({ type: 'end_turn' });

    const archived = await begin('call write');
    const [call = ''] = await waitingFor(lab, archived);
    await lab.archive(archived);
    await expect.poll(async () => lab.engine.stateOf(archived), { timeout: 10_000 }).toBe('missing');
    await expect(lab.send(archived, [userConfirmation(call, 'allow')])).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });

  it('takes either the custom result or the seal when the two race', async () => {
    let inTime = 0;
    let late = 0;
    // The delay feels its way to the moment of the seal.
    let delay = 0;
    for (let round = 0; round < 20; round++) {
      const id = await begin('call lookup');
      const [call = ''] = await waitingFor(lab, id);
      const interrupt = lab.send(id, [userInterrupt()]);
      await new Promise((resolve) => setTimeout(resolve, delay));
      await Promise.all([interrupt, lab.send(id, [customResult(call, 'found')])]);
      await sound(id);
      const sealed = (await lab.types(id)).includes('agent.tool_result');
      delay = Math.max(0, delay + (sealed ? -7 : 10));
      if (sealed) late++;
      else inTime++;
    }
    console.log(`custom result against seal: ${inTime} in time, ${late} late`);
  });

  it('keeps a thousand events waiting behind a command, and one interrupt ends them all', async () => {
    const id = await beginWaiting();
    const messages = Array.from({ length: 998 }, (_, index) => userMessage(`message ${index}`));
    for (let index = 0; index < messages.length; index += 10) {
      await lab.send(id, messages.slice(index, index + 10));
    }
    const before = performance.now();
    await lab.send(id, [userInterrupt()]);
    await lab.rest(id, 60_000);
    console.log(`interrupt behind 998 messages: at rest after ${Math.round(performance.now() - before)} ms`);
    const types = await lab.types(id);
    expect(types.filter((type) => type === 'user.message')).toHaveLength(999);
    expect(types.filter((type) => type === 'span.model_request_start')).toHaveLength(1);
    await lab.send(id, [userMessage('hello')]);
    await sound(id);
  });

  it('refuses what would make more than a thousand wait, before it is accepted', async () => {
    const id = await beginWaiting();
    const many = Array.from({ length: 1_000 }, () => userMessage('x'));
    await lab.send(id, many.slice(0, 1_000), 'untold');
    await expect(lab.send(id, [userMessage('too many')])).rejects.toMatchObject({ code: 'rate_limited' });
    sandbox.release();
    await lab.sweepUntilRest(id);
  });
});
