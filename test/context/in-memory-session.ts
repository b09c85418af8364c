import { createModelOutages } from '../../activities/model-outages.ts';
import { createModelSlots } from '../../activities/model-slots.ts';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createCallModel } from '../../activities/call-model.ts';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import type { StepReport } from '../../activities/report.ts';
import { createContentCache } from '../../activities/request/content-cache.ts';
import { createTranscriptCache } from '../../activities/transcript-cache.ts';
import { accept } from '../../core/journal/accept.ts';
import { toolKey } from '../../core/journal/attempt.ts';
import { commitTool } from '../../core/journal/commit-tool.ts';
import { openTool } from '../../core/journal/open-tool.ts';
import { NO_LIMITS, type TurnLimits } from '../../core/journal/turn.ts';
import { newEvent } from '../../core/journal/wire-event.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import { DEFAULT_SHARES } from '../../core/session/context/context-budget.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import { createInMemoryBus } from '../../providers/bus/in-memory.ts';
import type { ModelProvider } from '../../providers/model/model-provider.ts';
import { createInMemoryJournal } from '../../providers/store/in-memory/journal.ts';
import { UNOBSERVED } from '../doubles/unobserved.ts';
import { countingIds } from '../doubles/journal-view.ts';
import { AGENT } from '../replay/scenarios.ts';

/** Events read at once; fewer come where they are large. */
const PAGE = 10_000;
const SESSION = 'sesn_test';
const THREAD = 'sthr_test';
const MODEL = 'claude-opus-5-5';

/**
 * A session on a journal in memory, with the product's model steps and without Temporal: steps are taken one by one, tools answer at
 * once.
 *
 * @param options.window - of the model, tokens.
 */
export async function startInMemorySession(options: {
  provider: ModelProvider;
  window: number;
  maxOutputTokens: number;
  content: JsonObject[];
  /** When a turn ends by itself; by default never. */
  turns?: TurnLimits;
  /** What a call of bash with this command gives. */
  resultOf: (command: Json) => string;
}) {
  let now = 1_000;
  const journal = createInMemoryJournal(() => ++now);
  const ids = countingIds();
  const transcripts = createTranscriptCache(journal, 64 * 1024 * 1024);
  const sizes = { context_window: options.window, max_output_tokens: options.maxOutputTokens };
  const deps: ActivityDependencies = {
    journal,
    blobs: createInMemoryBlobStore(),
    sessionSkills: { of: async () => [] },
    images: { prepare: async () => Promise.reject(new Error('no images')) },
    contents: createContentCache(1_000),
    bus: createInMemoryBus(),
    ids,
    worker: 'test',
    interrupts: { watch: () => () => undefined, close: () => undefined },
    catalog: createModelCatalog({
      settings: [{ id: MODEL, provider: 'anthropic', api_key: 'k', ...sizes }],
      usable: [],
      defaultModel: null,
    }),
    turns: options.turns ?? NO_LIMITS,
    failuresBeforeFallback: 2,
    outages: createModelOutages(0, Date.now),
    slots: createModelSlots(100),
    providers: { for: () => options.provider, limits: () => false, reserve: () => () => undefined },
    transcripts,
    context: DEFAULT_SHARES,
    describeTools: () => [{ name: 'bash', description: 'Runs.', input_schema: { type: 'object' } }],
    builtInNames: () => ['bash'],
    runner: { run: async () => Promise.reject(new Error('not here')), kill: async () => undefined },
    hosts: null,
    residence: null,
    ...UNOBSERVED,
  };
  const id = ids.event();
  const message = { id, type: 'user.message', body: { id, type: 'user.message', content: options.content } };
  await journal.createSession(
    {
      id: SESSION,
      threadId: THREAD,
      workspaceId: 'w',
      agent: { system: 'You work.', skills: [], ...AGENT, model: { id: MODEL } },
      agentId: 'agent_test',
      agentVersion: 1,
      agentName: 'test',
      environmentId: 'env_test',
      title: null,
      metadata: {},
      vaultIds: [],
      budget: null,
    },
    (view) => ({ writes: accept(view, [message], 10, ids).writes, result: null }),
  );
  const callModel = createCallModel(deps);
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const base = { sessionId: SESSION, epoch: 1, threadId: THREAD };
  let last = 0;

  async function runTool(toolUseId: string): Promise<void> {
    const attempt = { ...base, toolUseId, fence: 1 };
    const request = { sessionId: SESSION, epoch: 1, rowKey: toolKey(toolUseId), caller: 'activity' } as const;
    await journal.transact(request, (view) => {
      const { writes } = openTool(view, attempt, ids);
      return { writes, result: null };
    });
    const input = (await journal.event(SESSION, toolUseId))?.body['input'];
    const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
    const text = options.resultOf(isObject ? (input['command'] ?? null) : null);
    const event = newEvent({
      id: ids.event(),
      type: 'agent.tool_result',
      tool_use_id: toolUseId,
      content: [{ type: 'text', text }],
      is_error: false,
    });
    await journal.transact(request, (view) => {
      const { writes } = commitTool(view, attempt, { event, isError: false }, ids);
      return { writes, result: null };
    });
  }

  return {
    journal,
    sessionId: SESSION,
    threadId: THREAD,
    transcripts,
    /** Takes the next model step, or the same one again where it failed, and runs the tools that it asks for. */
    async step(): Promise<StepReport['outcome']> {
      const report: unknown = await environment.run(callModel, { ...base, step: last + 1, seals: [] });
      last += 1;
      const { outcome } = report as StepReport;
      if (outcome.kind === 'tools') for (const call of outcome.calls) await runTool(call.id);
      return outcome;
    },
    async events() {
      const all = await journal.eventsAfter(SESSION, 0, PAGE);
      for (let page = all; page.length > 0;) {
        page = await journal.eventsAfter(SESSION, all.at(-1)?.seq ?? 0, PAGE);
        all.push(...page);
      }
      return all;
    },
  };
}
