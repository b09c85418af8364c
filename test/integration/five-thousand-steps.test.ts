import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createCallModel } from '../../activities/call-model.ts';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { createContentCache } from '../../activities/request/content-cache.ts';
import type { StepReport } from '../../activities/report.ts';
import { createTranscriptCache } from '../../activities/transcript-cache.ts';
import { accept } from '../../core/journal/accept.ts';
import { toolKey } from '../../core/journal/attempt.ts';
import { commitTool } from '../../core/journal/commit-tool.ts';
import { openTool } from '../../core/journal/open-tool.ts';
import { NO_LIMITS } from '../../core/journal/turn.ts';
import { newEvent } from '../../core/journal/wire-event.ts';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import { DEFAULT_SHARES } from '../../core/session/context/context-budget.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import { createInMemoryBus } from '../../providers/bus/in-memory.ts';
import { createInMemoryJournal } from '../../providers/store/in-memory/journal.ts';
import { NO_TELEMETRY } from '../../providers/telemetry/activity-telemetry.ts';
import { countingIds } from '../doubles/journal-view.ts';
import { userMessage } from '../harness/client-events.ts';
import { AGENT } from '../replay/scenarios.ts';
import { createCheckingProvider } from '../context/checking-provider.ts';
import { resultOf, WINDOW } from '../context/long-session.ts';

const SESSION = 'sesn_long';
const THREAD = 'sthr_long';
const STEPS = 5_000;

describe('a session of 5,000 steps in a window of 100,000 tokens', () => {
  it('never overflows, keeps its cached prefix between the rare moves, and is the same for every worker', async () => {
    let now = 1_000;
    const journal = createInMemoryJournal(() => ++now);
    const ids = countingIds();
    const provider = createCheckingProvider({ calls: STEPS });
    const transcripts = createTranscriptCache(journal, 64 * 1024 * 1024);
    const entry = { context_window: WINDOW, max_output_tokens: 8_000 };
    const deps: ActivityDependencies = {
      journal,
      blobs: createInMemoryBlobStore(),
      sessionSkills: { of: async () => [] },
      images: { prepare: async () => Promise.reject(new Error('no images')), close: async () => undefined },
      contents: createContentCache(1_000),
      bus: createInMemoryBus(),
      ids,
      worker: 'test',
      interrupts: { watch: () => () => undefined, close: () => undefined },
      catalog: createModelCatalog({
        settings: [{ id: 'claude-opus-5-5', provider: 'anthropic', api_key: 'k', ...entry }],
        usable: [],
        defaultModel: null,
      }),
      turns: NO_LIMITS,
      failuresBeforeFallback: 2,
      providers: { for: () => provider },
      transcripts,
      context: DEFAULT_SHARES,
      describeTools: () => [{ name: 'bash', description: 'Runs.', input_schema: { type: 'object' } }],
      builtInNames: () => ['bash'],
      runner: { run: async () => Promise.reject(new Error('not here')), kill: async () => undefined },
      hosts: null,
      residence: null,
      telemetry: NO_TELEMETRY,
    };
    await journal.createSession(
      {
        id: SESSION,
        threadId: THREAD,
        workspaceId: 'w',
        agent: { system: 'You work.', ...AGENT, model: { id: 'claude-opus-5-5' } },
        agentId: 'agent_test',
        agentVersion: 1,
        agentName: 'test',
        environmentId: 'env_test',
        title: null,
        metadata: {},
        vaultIds: [],
        budget: null,
      },
      (view) => {
        const { writes } = accept(view, [userMessage('Do all of it.')], 10, ids);
        return { writes, result: null };
      },
    );
    const callModel = createCallModel(deps);
    const environment = new MockActivityEnvironment();
    const base = { sessionId: SESSION, epoch: 1, threadId: THREAD };

    async function runTool(toolUseId: string): Promise<void> {
      const attempt = { ...base, toolUseId, fence: 1 };
      const request = {
        sessionId: SESSION,
        epoch: 1,
        rowKey: toolKey(toolUseId),
        caller: 'activity',
      } as const;
      await journal.transact(request, (view) => {
        const opened = openTool(view, attempt, ids);
        return { writes: opened.writes, result: null };
      });
      const use = await journal.event(SESSION, toolUseId);
      const input = use?.body['input'];
      const command =
        typeof input === 'object' && input !== null && 'command' in input ? input['command'] : '';
      const event = newEvent({
        id: ids.event(),
        type: 'agent.tool_result',
        tool_use_id: toolUseId,
        content: [{ type: 'text', text: resultOf(command) }],
        is_error: false,
      });
      await journal.transact(request, (view) => {
        const { writes } = commitTool(view, attempt, { event, isError: false }, ids);
        return { writes, result: null };
      });
    }

    let compactions = 0;
    for (let step = 1; ; step += 1) {
      const report: unknown = await environment.run(callModel, { ...base, step, seals: [] });
      const { outcome } = report as StepReport;
      if (outcome.kind === 'compacted') compactions += 1;
      else if (outcome.kind === 'tools') for (const { id } of outcome.calls) await runTool(id);
      else {
        expect(outcome.kind).toBe('final');
        break;
      }
      if (step % 500 === 0) {
        const through = (await journal.head(SESSION))?.lastSeq ?? 0;
        const read = {
          sessionId: SESSION,
          threadId: THREAD,
          epoch: 1,
          through,
          load: async <T>(body: T) => body,
        };
        const cold = createTranscriptCache(journal, 64 * 1024 * 1024);
        expect(JSON.stringify(await cold.read(read))).toBe(JSON.stringify(await transcripts.read(read)));
      }
    }
    const { requests, longest, changes } = provider.seen();
    expect(requests).toBe(STEPS + 1 + compactions);
    expect(longest).toBeLessThanOrEqual(WINDOW);
    expect(compactions).toBeGreaterThan(5);
    expect(changes).toBeGreaterThan(compactions);
    expect(changes).toBeLessThan(STEPS / 12);
    const types = (await journal.eventsAfter(SESSION, 0, 1_000_000)).map(({ type }) => type);
    expect(types.filter((type) => type === 'agent.thread_context_compacted')).toHaveLength(compactions);
    expect(types.filter((type) => type === 'agent.tool_result')).toHaveLength(STEPS);
    console.log(
      `${String(compactions)} compactions, ${String(changes)} changes of the prefix, longest ${String(longest)}`,
    );
  }, 600_000);
});
