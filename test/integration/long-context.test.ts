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
  beforeAll(async () => {
    server = await startScriptedModelServer({
      contextWindow: WINDOW,
      keepBodies: 2,
      respond: (request) => respond(request),
    });
    const providers = longProviders();
    lab = await startSessionLab({
      provider: createScriptedProvider(),
      providerOf: (entry) => providers.for(entry),
      catalog: createModelCatalog({
        settings: longModels(server.url).map(({ setting }) => setting),
        usable: [],
        defaultModel: null,
      }),
      tools: [BASH],
      runner: createScriptedRunner(async (_name, { command }) => ({
        content: [{ type: 'text', text: resultOf(command) }],
        isError: false,
      })),
    });
    await lab.startWorker();
  });
  afterAll(async () => {
    await lab.stop();
    await server.close();
  });

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
});
