import { hostname } from 'node:os';
import type { Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectJournalInHistory, expectSoundLog } from '../harness/journal-check.ts';
import { createJournalFaults, type Moment } from '../harness/journal-faults.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userMessage, type SessionLab } from '../harness/session-lab.ts';
import { createStageSandbox } from '../harness/stage-sandbox.ts';
import { AGENT } from '../replay/scenarios.ts';

/** No process has this id: Linux counts to 2^22. */
const NO_PROCESS = 4_194_305;

/** A worker that stands still for ever at one moment of an attempt, as a killed one does, and is then found dead. */
describe('a worker that died in the middle of an attempt', () => {
  const faults = createJournalFaults();
  const takeovers: number[] = [];
  let lab: SessionLab;
  let running: Worker[];
  let workers = 0;
  let letGo: () => void;

  beforeAll(async () => {
    lab = await startSessionLab({
      provider: createScriptedProvider(),
      runner: createStageSandbox(),
      name: 'healthy',
      faults: (journal) => faults.wrap(journal),
      onTakeover: (attempts) => takeovers.push(attempts),
    });
    await lab.registry.join();
    running = await lab.startWorker('worker-0');
    lab.takeover.start();
  });
  afterEach(() => letGo());
  afterAll(async () => {
    await lab.stop();
  });

  // A turn with one call has six transactions: each of its two model calls and its tool call opens a row and commits it.
  it.each(
    [1, 2, 3, 4, 5, 6].flatMap((nth) => (['before', 'after'] as Moment[]).map((moment) => ({ nth, moment }))),
  )('has it taken over by another, $moment transaction $nth', async ({ nth, moment }) => {
    const { id } = await lab.createSession(AGENT);
    takeovers.length = 0;
    const reached = Promise.withResolvers<void>();
    const stuck = new Promise<void>((resolve) => (letGo = resolve));
    let count = 0;
    faults.onTransaction = async (at, request) => {
      if (request.sessionId !== id || at !== moment || ++count !== nth) return;
      reached.resolve();
      await stuck;
    };
    await lab.send(id, [userMessage('run 0')]);
    await reached.promise;
    for (const worker of running) worker.shutdown();
    await lab.database.query(`INSERT INTO workers (name, host, pid, started) VALUES ($1, $2, $3, '')`, [
      `worker-${workers}`,
      hostname(),
      NO_PROCESS,
    ]);
    running = await lab.startWorker(`worker-${++workers}`);
    await expect.poll(() => takeovers.length, { timeout: 10_000 }).toBe(1);
    // Also where the log says that the turn is over, its last attempt is not over for Temporal, and would hold this up.
    await lab.send(id, [userMessage('hello')]);
    await lab.rest(id);
    await expect.poll(() => failuresOf(id)).toEqual(['worker_lost']);
    await expectSoundLog(lab, id);
    await expectJournalInHistory(lab, id);
  });

  /** What ended the earlier attempts of the session's activities. */
  async function failuresOf(sessionId: string): Promise<(string | null | undefined)[]> {
    const { events } = await lab.client.workflow.getHandle(sessionId).fetchHistory();
    return (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) =>
      started?.lastFailure ? [started.lastFailure.applicationFailureInfo?.type ?? 'timeout'] : [],
    );
  }
});
