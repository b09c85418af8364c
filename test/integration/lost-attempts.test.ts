import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAttemptLedger, type AttemptLedger } from '../../activities/upkeep/attempt-ledger.ts';
import { createLostTasks } from '../../activities/upkeep/lost-tasks.ts';
import { expectJournalInHistory, expectSoundLog } from '../harness/journal-check.ts';
import { createJournalFaults } from '../harness/journal-faults.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userMessage, type SessionLab } from '../harness/session-lab.ts';
import { createStageSandbox } from '../harness/stage-sandbox.ts';
import { AGENT } from '../replay/scenarios.ts';

/** Temporal's longest pause between two attempts, milliseconds. */
const LONGEST_PAUSE_MS = 10_000;

describe('attempts that are lost', () => {
  const faults = createJournalFaults();
  const ledger = createAttemptLedger();
  let lab: SessionLab;
  let letGo: () => void;

  beforeAll(async () => {
    lab = await startSessionLab({
      provider: createScriptedProvider(),
      runner: createStageSandbox(),
      name: 'healthy',
      faults: (journal) => faults.wrap(journal),
      plugins: [ledger.plugin],
    });
    await lab.startWorker();
  });
  afterEach(() => {
    letGo();
    faults.onTransaction = null;
  });
  afterAll(async () => {
    await lab.stop();
  });

  /** A session whose attempts all stand still before their first transaction. */
  async function begin(onAttempt: () => void): Promise<string> {
    const { id } = await lab.createSession(AGENT);
    const stuck = new Promise<void>((resolve) => (letGo = resolve));
    faults.onTransaction = async (moment, request) => {
      if (request.sessionId !== id || moment !== 'before') return;
      onAttempt();
      await stuck;
    };
    await lab.send(id, [userMessage('hello')]);
    return id;
  }

  function lookFor(attempts: Pick<AttemptLedger, 'has'>): void {
    const { upkeep, engine } = lab;
    createLostTasks({
      worker: 'healthy',
      attempts,
      upkeep,
      engine,
      log: pino({ level: 'silent' }),
    }).look();
  }

  it('follow each other without a pause, however many workers an attempt has outlived', async () => {
    let attempts = 0;
    const id = await begin(() => void attempts++);
    let pauseMs = 0;
    for (let lost = 1; lost <= 9; lost++) {
      await expect.poll(() => attempts, { timeout: 30_000, interval: 10 }).toBe(lost);
      const at = performance.now();
      expect(await lab.engine.releaseAttempts(id, 'healthy')).toBe(1);
      await expect.poll(() => attempts, { timeout: 30_000, interval: 10 }).toBe(lost + 1);
      pauseMs = performance.now() - at;
    }
    expect(pauseMs).toBeLessThan(LONGEST_PAUSE_MS / 2);
    letGo();
    await lab.rest(id);
    await expectSoundLog(lab, id);
  });

  it('are handed out again when Temporal believes them to be with a worker that does not have them', async () => {
    let attempts = 0;
    const id = await begin(() => void attempts++);
    await expect.poll(() => attempts).toBe(1);
    lookFor({ has: () => false });
    await expect.poll(() => attempts, { timeout: 10_000 }).toBeGreaterThan(1);
    letGo();
    await lab.rest(id);
    await expect.poll(() => failuresOf(id)).toEqual(['task_lost']);
    await expectSoundLog(lab, id);
    await expectJournalInHistory(lab, id);
  });

  it('are not taken for lost while their worker has them', async () => {
    let attempts = 0;
    const id = await begin(() => void attempts++);
    await expect.poll(() => attempts).toBe(1);
    lookFor(ledger);
    await delay(3_500);
    expect(attempts).toBe(1);
    letGo();
    await lab.rest(id);
    await expect.poll(() => failuresOf(id)).toEqual([]);
  });

  /** What ended the earlier attempts of the session's activities. */
  async function failuresOf(sessionId: string): Promise<(string | null | undefined)[]> {
    const { events } = await lab.client.workflow.getHandle(sessionId).fetchHistory();
    return (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) =>
      started?.lastFailure ? [started.lastFailure.applicationFailureInfo?.type ?? 'timeout'] : [],
    );
  }
});
