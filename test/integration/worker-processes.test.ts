import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Client } from 'pg';
import { expectJournalInHistory, expectSoundLog } from '../harness/journal-check.ts';
import { createScriptedProvider, type ScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userInterrupt, userMessage, type SessionLab } from '../harness/session-lab.ts';
import { spawnLabWorker, type LabWorkerProcess } from '../harness/spawn-lab-worker.ts';
import { createStageSandbox, type StageSandbox } from '../harness/stage-sandbox.ts';
import { startStageServer, type StageServer } from '../harness/stage-server.ts';
import { AGENT } from '../replay/scenarios.ts';

/** Every poll that a stopped worker left open swallows a task, until its time-out. */
const PATIENCE_MS = 150_000;

/** A worker process that is stopped, continued or killed, and a healthy worker in the test's own process that takes its place. */
describe('workers of their own process', () => {
  let provider: ScriptedProvider;
  let sandbox: StageSandbox;
  let stage: StageServer;
  let lab: SessionLab;
  let child: LabWorkerProcess;
  let takeovers: number[];

  beforeEach(async () => {
    provider = createScriptedProvider();
    sandbox = createStageSandbox();
    stage = await startStageServer(provider, sandbox);
    takeovers = [];
    lab = await startSessionLab({
      provider,
      runner: sandbox,
      name: 'healthy',
      onTakeover: (attempts) => takeovers.push(attempts),
    });
    await lab.registry.join();
    const { stop: _, ...services } = lab.services;
    child = await spawnLabWorker({ services, name: 'child', stageUrl: stage.url });
  });
  afterEach(async () => {
    await child.kill();
    await stage.close();
    await lab.stop();
  });

  async function begin(order: string): Promise<string> {
    const { id } = await lab.createSession(AGENT, [userMessage(order)]);
    return id;
  }

  async function logOf(sessionId: string): Promise<string> {
    return JSON.stringify(await lab.journal.eventsAfter(sessionId, 0, 1_000));
  }

  it('a stopped worker is overtaken, and does and writes nothing more when it is continued', async () => {
    const inModel = await begin('hang');
    const inCommand = await begin('run wait');
    const beforeDispatch = await begin('run hold');
    await lab.see(inModel, 'span.model_request_start');
    await expect.poll(() => stage.held.length).toBe(1);
    await expect.poll(() => sandbox.effects.size).toBe(1);

    child.pause();
    await lab.startWorker();
    // The stopped worker's answer arrives while it sleeps; it will act on it when it wakes.
    stage.held[0]?.letGo();
    await lab.send(inModel, [userInterrupt(), userMessage('hello')]);
    await lab.send(beforeDispatch, [userInterrupt(), userMessage('hello')]);
    await Promise.all([lab.rest(inModel, PATIENCE_MS), lab.rest(beforeDispatch, PATIENCE_MS)]);
    const [heldCall = ''] = stage.held.map((call) => call.toolUseId);
    await expect.poll(() => sandbox.kills).toContain(heldCall);
    // Nobody reports a worker that only stands still: the command's next attempt comes when its heartbeat is missed.
    sandbox.release();
    await lab.rest(inCommand, PATIENCE_MS);
    const sessions = [inModel, inCommand, beforeDispatch];
    const logs = await Promise.all(sessions.map(logOf));

    child.goOn();
    // Long enough for the woken worker to run into its fences.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await Promise.all(sessions.map(logOf))).toEqual(logs);
    expect(sandbox.effects.get(heldCall)).toBeUndefined();
    expect([...sandbox.effects.values()]).toEqual([1]);
    for (const id of sessions) {
      await expectSoundLog(lab, id);
      await expectJournalInHistory(lab, id);
      await lab.send(id, [userMessage('hello again')]);
      await lab.rest(id);
    }
    expect(takeovers).toEqual([]);
  }, 400_000);

  it('a killed worker’s attempts are taken over by their tokens, without waiting for heartbeats', async () => {
    lab.takeover.start();
    const inModel = await begin('hang');
    const inCommand = await begin('run wait');
    await lab.see(inModel, 'span.model_request_start');
    await expect.poll(() => sandbox.effects.size).toBe(1);
    await lab.startWorker();
    const before = provider.requests;
    const killedAt = performance.now();
    await child.kill();
    await expect.poll(() => provider.requests, { timeout: 30_000, interval: 5 }).toBeGreaterThan(before);
    console.log(
      `kill -9 of a worker: next model request after ${Math.round(performance.now() - killedAt)} ms`,
    );
    expect(takeovers).toEqual([2]);
    sandbox.release();
    await lab.rest(inCommand, 40_000);
    await lab.send(inModel, [userInterrupt()]);
    await lab.rest(inModel);
    expect([...sandbox.effects.values()]).toEqual([1]);
    for (const id of [inModel, inCommand]) {
      await expectSoundLog(lab, id);
      await expectJournalInHistory(lab, id);
    }
  });

  it(
    'nobody is taken over wrongly while PostgreSQL cuts every connection again and again',
    async () => {
      lab.takeover.start();
      await lab.startWorker();
      const sessions = await Promise.all(Array.from({ length: 6 }, async () => begin('chain 8')));
      const admin = new Client({ connectionString: lab.services.postgresAdminUrl });
      await admin.connect();
      let cut = 0;
      for (let round = 0; round < 6; round++) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        const result = await admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
        cut += result.rowCount ?? 0;
      }
      await admin.end();
      expect(cut).toBeGreaterThan(0);
      for (const id of sessions) await lab.rest(id, 120_000);
      // As long as a lock must have been free, and more.
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      expect(takeovers).toEqual([]);
      expect([...sandbox.effects.values()].every((times) => times === 1)).toBe(true);
      let results = 0;
      let unknown = 0;
      for (const id of sessions) {
        await expectSoundLog(lab, id);
        const log = await lab.journal.eventsAfter(id, 0, 1_000);
        const answers = log.filter((event) => event.type === 'agent.tool_result');
        results += answers.length;
        unknown += answers.filter((event) => event.body['is_error'] === true).length;
      }
      // Where the answer to an opening was cut off, nobody can know whether the call was begun, and the model is told so.
      expect(results).toBe(6 * 8);
      expect(sandbox.effects.size).toBe(6 * 8 - unknown);
    },
    PATIENCE_MS,
  );
});
