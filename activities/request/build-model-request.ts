import type { ModelEntry } from '../../core/models/model-entry.ts';
import type { TranscriptMessage } from '../../core/session/content.ts';
import { answerTokens } from '../../core/session/context/context-budget.ts';
import type { ModelProvider, ModelRequest } from '../../providers/model/model-provider.ts';
import type { SessionSetup } from '../../providers/store/journal.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { prepareContent } from './prepare-content.ts';
import { servedLimits } from './served-limits.ts';
import type { StepContext } from './step-context.ts';

/** A request that is ready to be sent, and what is needed to read its answer. */
export interface PreparedRequest {
  provider: ModelProvider;
  entry: ModelEntry;
  request: ModelRequest;
  setup: SessionSetup;
  /** When it was made: prices depend on the day. */
  at: Date;
}

/** Makes a request of messages, each of which becomes one of the request's: their contents in the form that the model takes. */
export async function buildModelRequest(
  deps: ActivityDependencies,
  context: StepContext,
  messages: readonly TranscriptMessage[],
): Promise<PreparedRequest> {
  const { sessionId, setup, entry, provider, prompt, signal } = context;
  const { effort, speed } = setup.agent.model;
  return {
    provider,
    entry,
    setup,
    at: new Date(),
    request: {
      model: entry.vendorModel,
      system: prompt.system,
      messages: await prepareContent(deps, setup.workspaceId, entry, messages, signal),
      tools: prompt.tools,
      maxOutputTokens: answerTokens(servedLimits(entry)),
      ...(effort ? { effort: effort.type } : {}),
      ...(speed ? { speed: entry.fastMode ? speed : 'standard' } : {}),
      sessionId,
    },
  };
}
