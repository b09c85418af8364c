import type { ModelEntry } from '../../core/models/model-entry.ts';
import { settingsFor } from '../../core/models/request-settings.ts';
import type { TranscriptMessage } from '../../core/session/content.ts';
import { roomToGoOn } from '../../core/session/room-to-go-on.ts';
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

/**
 * Makes a request of messages, each of which becomes one of the request's: their contents in the form that the model takes.
 *
 * @param tokens - what is known of its size, where it goes on with the answer that fell short.
 */
export async function buildModelRequest(
  deps: ActivityDependencies,
  context: StepContext,
  messages: readonly TranscriptMessage[],
  tokens?: number,
): Promise<PreparedRequest> {
  const { sessionId, setup, entry, provider, prompt, signal } = context;
  const { speed } = setup.agent.model;
  const limits = { ...entry, ...servedLimits(entry) };
  const cut = tokens === undefined ? null : context.cut;
  const { maxOutputTokens, effort } = roomToGoOn(limits, tokens ?? 0, setup.agent.model.effort?.type, cut);
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
      maxOutputTokens,
      contextWindow: limits.contextWindow,
      ...(effort ? { effort } : {}),
      ...(speed ? { speed: entry.fastMode ? speed : 'standard' } : {}),
      settings: settingsFor(entry, setup.agent.model),
      sessionId,
    },
  };
}
