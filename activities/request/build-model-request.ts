import type { StepAttempt } from '../../core/journal/attempt.ts';
import type { Detour } from '../../core/journal/turn.ts';
import type { ModelEntry } from '../../core/models/model-entry.ts';
import { answerTokens } from '../../core/session/context/context-budget.ts';
import { loadLargeStrings } from '../../providers/blob/large-bodies.ts';
import type { ModelProvider, ModelRequest } from '../../providers/model/model-provider.ts';
import type { SessionSetup } from '../../providers/store/journal.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { chooseModel } from './choose-model.ts';
import { resolveFiles } from './resolve-files.ts';
import { sessionPrompt } from './session-prompt.ts';

/** A request that is ready to be sent, and what is needed to read its answer. */
export interface PreparedRequest {
  provider: ModelProvider;
  entry: ModelEntry;
  request: ModelRequest;
  setup: SessionSetup;
}

/**
 * Builds the request of a step from the journal up to `through`: nothing that came later is in it. It goes to the
 * session's own model, or to the one that stands in for it.
 */
export async function buildModelRequest(
  deps: ActivityDependencies,
  attempt: StepAttempt,
  opened: { through: number; detour: Detour | null },
): Promise<PreparedRequest> {
  const { sessionId, threadId, epoch } = attempt;
  const setup = await deps.journal.setup(sessionId);
  const { agent, workspaceId } = setup;
  const entry = await chooseModel(deps, setup, opened.detour);
  const { system, tools } = sessionPrompt(deps, setup, entry);
  const transcript = await deps.transcripts.messages({
    sessionId,
    threadId,
    epoch,
    through: opened.through,
    load: (body) => loadLargeStrings(deps.blobs, workspaceId, body),
  });
  const { effort, speed } = agent.model;
  return {
    provider: deps.providers.for(entry),
    entry,
    setup,
    request: {
      model: entry.vendorModel,
      system,
      messages: await resolveFiles(deps, workspaceId, transcript),
      tools,
      maxOutputTokens: answerTokens(entry),
      ...(effort ? { effort: effort.type } : {}),
      ...(speed ? { speed: entry.fastMode ? speed : 'standard' } : {}),
      sessionId,
    },
  };
}
