import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asksForSummary } from '../../core/session/context/compaction.ts';
import { expectJournalInHistory, expectSoundLog } from '../harness/journal-check.ts';
import { createScriptedProvider, type ScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userInterrupt, userMessage, type SessionLab } from '../harness/session-lab.ts';
import { spawnLabWorker, type LabWorkerProcess } from '../harness/spawn-lab-worker.ts';
import { createStageSandbox } from '../harness/stage-sandbox.ts';
import { startStageServer, type StageServer } from '../harness/stage-server.ts';
import { AGENT } from '../replay/scenarios.ts';

const SMALL = { ...AGENT, model: { id: 'claude-small' } };
const COMPACTED = 'agent.thread_context_compacted';

/** A model whose summaries can be held back. */
interface HeldProvider extends ScriptedProvider {
  /** Requests for a summary so far. */
  readonly asked: number;
  /** Lets all summaries out, those to come too. */
  letGo(): void;
}

function createHeldProvider(): HeldProvider {
  const inner = createScriptedProvider();
  let asked = 0;
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  return {
    name: inner.name,
    get requests() {
      return inner.requests;
    },
    get asked() {
      return asked;
    },
    letGo: () => letGo(),
    async *stream(request, signal) {
      if (asksForSummary(JSON.stringify(request.messages.at(-1)))) {
        asked += 1;
        await Promise.race([gate, aborted(signal)]);
        signal.throwIfAborted();
      }
      yield* inner.stream(request, signal);
    },
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What can happen while the model writes a summary. */
describe('a compaction', () => {
  let provider: HeldProvider;
  let stage: StageServer;
  let lab: SessionLab;
  let child: LabWorkerProcess | null;

  beforeEach(async () => {
    provider = createHeldProvider();
    const sandbox = createStageSandbox();
    stage = await startStageServer(provider, sandbox);
    lab = await startSessionLab({ provider, runner: sandbox, name: 'healthy' });
    await lab.registry.join();
    child = null;
  });
  afterEach(async () => {
    provider.letGo();
    await child?.kill();
    await stage.close();
    await lab.stop();
  });

  /** A session whose next message makes its conversation too long for the model. */
  async function fullSession(): Promise<string> {
    const { id } = await lab.createSession(SMALL, [userMessage('write 20000')]);
    await lab.rest(id);
    return id;
  }

  it('is repeated by another worker when its own is killed, and happens once', async () => {
    const first = await lab.startWorker();
    const id = await fullSession();
    for (const worker of first) worker.shutdown();
    await expect.poll(() => first.map((worker) => worker.getState())).toEqual(first.map(() => 'STOPPED'));
    const { stop: _, ...services } = lab.services;
    child = await spawnLabWorker({ services, name: 'child', stageUrl: stage.url });
    await lab.send(id, [userMessage('chain 3')]);
    await expect.poll(() => provider.asked, { timeout: 20_000 }).toBe(1);
    await lab.startWorker();
    lab.takeover.start();
    await child.kill();
    await expect.poll(() => provider.asked, { timeout: 30_000 }).toBe(2);
    expect(await lab.types(id)).not.toContain(COMPACTED);
    provider.letGo();
    const head = await lab.rest(id, 60_000);
    expect(head.stop).toEqual({ type: 'end_turn' });

    const types = await lab.types(id);
    expect(types.filter((type) => type === COMPACTED)).toHaveLength(1);
    expect(types.filter((type) => type === 'agent.tool_result')).toHaveLength(3);
    // The first answer, the summary, three calls and the last answer, each of three tokens in and two out.
    expect(head.usage).toMatchObject({ input_tokens: 6 * 3, output_tokens: 6 * 2 });
    await expectSoundLog(lab, id);
    await expectJournalInHistory(lab, id);
  });

  it('can be interrupted, and is done when the next message comes', async () => {
    await lab.startWorker();
    const id = await fullSession();
    await lab.send(id, [userMessage('hello')]);
    await expect.poll(() => provider.asked, { timeout: 20_000 }).toBe(1);
    await lab.send(id, [userInterrupt()]);
    const head = await lab.rest(id);
    expect(head.stop).toEqual({ type: 'end_turn' });
    expect(await lab.types(id)).not.toContain(COMPACTED);

    provider.letGo();
    await lab.send(id, [userMessage('chain 2')]);
    await lab.rest(id);
    const types = await lab.types(id);
    expect(types.filter((type) => type === COMPACTED)).toHaveLength(1);
    expect(types.filter((type) => type === 'agent.tool_result')).toHaveLength(2);
    await expectSoundLog(lab, id);
    await expectJournalInHistory(lab, id);
  });

  it('shows clients that it happened, and what stands in for the conversation', async () => {
    provider.letGo();
    await lab.startWorker();
    const id = await fullSession();
    await lab.send(id, [userMessage('hello')]);
    await lab.rest(id);
    const event = await lab.see(id, COMPACTED);
    expect(event.body).toMatchObject({ type: COMPACTED, summary: 'Order: write 20000\nRounds: 0' });
    // Workers that know nothing of the session read it from there.
    const { threadId } = event;
    const kept = await lab.journal.lastCompaction(id, threadId, event.seq ?? 0);
    const [first] = await lab.journal.eventsThrough(id, threadId, (kept?.keptFrom ?? 0) - 1, event.seq ?? 0);
    expect(first?.body).toMatchObject({ content: [{ type: 'text', text: 'hello' }] });
  });
});
