import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import { expectJournalInHistory, expectSoundLog } from '../harness/journal-check.ts';
import {
  createScriptedRunner,
  startSessionLab,
  userMessage,
  type SessionLab,
} from '../harness/session-lab.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { AGENT } from '../replay/scenarios.ts';
import {
  callsTools,
  longModels,
  longProviders,
  prefixChanges,
  promptOf,
  resultOf,
  WINDOW,
} from '../context/long-session.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';
import type { Respond } from '../scripted-model-server/script-book.ts';

const BASH = {
  name: 'bash',
  description: 'Runs a command.',
  input_schema: { type: 'object', properties: { command: { type: 'string' } } },
};
const STEPS = 120;

/** Sessions longer than their model's window, over HTTP in each vendor's format. */
describe('a session that outgrows its window', () => {
  let server: ScriptedModelServer;
  let lab: SessionLab;
  let respond: Respond;
  let smallServer: ScriptedModelServer;
  let smallLab: SessionLab;
  beforeAll(async () => {
    [server, lab] = await start(WINDOW);
    // A quarter of what the catalogue says.
    [smallServer, smallLab] = await start(WINDOW / 4);
  });
  afterAll(async () => {
    for (const one of [lab, smallLab]) await one.stop();
    for (const one of [server, smallServer]) await one.close();
  });

  async function start(contextWindow: number): Promise<[ScriptedModelServer, SessionLab]> {
    const started = await startScriptedModelServer({
      contextWindow,
      keepBodies: 2,
      respond: (request) => respond(request),
    });
    const providers = longProviders();
    const settings = longModels(started.url).map(({ setting }) => setting);
    const startedLab = await startSessionLab({
      provider: createScriptedProvider(),
      providerOf: (entry) => providers.for(entry),
      catalog: createModelCatalog({ settings, usable: [], defaultModel: null }),
      tools: [BASH],
      runner: createScriptedRunner(async (_name, { command }) => ({
        content: [{ type: 'text', text: resultOf(command) }],
        isError: false,
      })),
    });
    await startedLab.startWorker();
    return [started, startedLab];
  }

  for (const { format, setting } of longModels('http://localhost')) {
    it(`goes on through trims and compactions, and keeps its cached prefix between them: ${format}`, async () => {
      server.reset();
      const model = callsTools(STEPS);
      ({ respond } = model);
      const { id } = await lab.createSession({ ...AGENT, model: { id: setting.id } }, [
        userMessage('Go on.'),
      ]);
      const head = await lab.rest(id, 100_000);
      expect(head.stop).toEqual({ type: 'end_turn' });

      expect(server.violations()).toEqual([]);
      const entries = server.ledger().filter(({ format: own }) => own === format);
      expect(entries.every(({ outcome }) => outcome === 'completed')).toBe(true);
      const asked = model.summaries();
      expect(asked).toBeGreaterThan(0);
      expect(entries).toHaveLength(STEPS + 1 + asked);
      expect(Math.max(...entries.map(promptOf))).toBeLessThanOrEqual(
        WINDOW - (setting.max_output_tokens ?? 0),
      );
      // Every compaction begins anew; old results are left out a few times between.
      expect(prefixChanges(entries)).toBeLessThan(STEPS / 12);

      const types = await lab.types(id);
      expect(types.filter((type) => type === 'agent.thread_context_compacted')).toHaveLength(asked);
      expect(types.filter((type) => type === 'agent.tool_result')).toHaveLength(STEPS);
      expect(types.filter((type) => type === 'session.status_idle')).toHaveLength(1);
      const billed = entries.reduce((sum, { usage }) => sum + (usage?.output_tokens ?? 0), 0);
      expect(head.usage.output_tokens).toBe(billed);
      await expectSoundLog(lab, id);
      await expectJournalInHistory(lab, id);
    });
  }

  for (const { format, setting } of longModels('http://localhost')) {
    it(`compacts when the vendor finds a request too long that should have fitted: ${format}`, async () => {
      smallServer.reset();
      const model = callsTools(60);
      ({ respond } = model);
      const { id } = await smallLab.createSession({ ...AGENT, model: { id: setting.id } }, [
        userMessage('Go.'),
      ]);
      const head = await smallLab.rest(id, 100_000);
      expect(head.stop).toEqual({ type: 'end_turn' });
      expect(smallServer.violations()).toEqual([]);
      // Once it has named its window, a vendor with a counter is asked for the size; that is no request of the model's.
      const entries = smallServer.ledger().filter(({ outcome, usage }) => outcome === 'refused' || usage);
      expect(entries.filter(({ outcome }) => outcome === 'refused').length).toBeGreaterThan(0);
      expect(entries.filter(({ outcome }) => outcome === 'completed')).toHaveLength(61 + model.summaries());
      const types = await smallLab.types(id);
      expect(types).toContain('agent.thread_context_compacted');
      expect(types.filter((type) => type === 'agent.tool_result')).toHaveLength(60);
      expect(types).not.toContain('session.error');
      await expectSoundLog(smallLab, id);
    });
  }

  it('tells the model what was cut out of a message that is too long by itself, and goes on', async () => {
    server.reset();
    const model = callsTools(2);
    const seen: string[] = [];
    respond = (request) => {
      seen.push(request.firstUserText);
      return model.respond(request);
    };
    const text = `Begin. ${'Words and words. '.repeat(60_000)} End.`;
    const agent = { ...AGENT, model: { id: 'claude-opus-5-5' } };
    const { id } = await lab.createSession(agent, [userMessage(text)]);
    const head = await lab.rest(id, 60_000);
    expect(head.stop).toEqual({ type: 'end_turn' });
    expect(seen[0]).toMatch(/^Begin\. [^]*characters were left out here[^]* End\.$/);
    await lab.send(id, [userMessage('And now?')]);
    expect((await lab.rest(id, 60_000)).stop).toEqual({ type: 'end_turn' });
    expect(server.violations()).toEqual([]);
    expect(await lab.types(id)).not.toContain('session.error');
  });
});
