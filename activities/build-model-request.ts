import type { StepAttempt } from '../core/journal/attempt.ts';
import type { ModelEntry } from '../core/models/model-entry.ts';
import { systemPrompt } from '../core/session/system-prompt.ts';
import type { AgentTools } from '../core/session/permission.ts';
import { AppError } from '../core/errors.ts';
import { loadLargeStrings } from '../providers/blob/large-bodies.ts';
import type { ModelProvider, ModelRequest, ToolDefinition } from '../providers/model/model-provider.ts';
import type { SessionSetup } from '../providers/store/journal.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { resolveFiles } from './resolve-files.ts';

/** A request that is ready to be sent, and what is needed to read its answer. */
export interface PreparedRequest {
  provider: ModelProvider;
  entry: ModelEntry;
  request: ModelRequest;
  setup: SessionSetup;
}

/** Builds the request of a step from the journal up to `through`: nothing that came later is in it. */
export async function buildModelRequest(
  deps: ActivityDependencies,
  attempt: StepAttempt,
  through: number,
): Promise<PreparedRequest> {
  const { sessionId, threadId, epoch } = attempt;
  const setup = await deps.journal.setup(sessionId);
  const { agent, workspaceId } = setup;
  const entry = deps.catalog.resolve(agent.model.id);
  if (!entry) {
    throw new AppError(
      'model_request_refused',
      `No model "${agent.model.id}" is configured. Add it to models in the configuration, or change the agent.`,
    );
  }
  const messages = await deps.transcripts.messages({
    sessionId,
    threadId,
    epoch,
    through,
    load: (body) => loadLargeStrings(deps.blobs, workspaceId, body),
  });
  const tools = entry.tools ? toolsOf(deps, agent.tools) : [];
  const { effort, speed } = agent.model;
  return {
    provider: deps.providers.for(entry),
    entry,
    setup,
    request: {
      model: entry.vendorModel,
      system: systemPrompt(agent.system, tools),
      messages: await resolveFiles(deps, workspaceId, messages),
      tools,
      maxOutputTokens: entry.maxOutputTokens,
      ...(effort ? { effort: effort.type } : {}),
      ...(speed ? { speed } : {}),
      sessionId,
    },
  };
}

function toolsOf(deps: ActivityDependencies, tools: AgentTools): ToolDefinition[] {
  const custom = tools.flatMap((tool): ToolDefinition[] => {
    if (tool.type !== 'custom') return [];
    const { name, description, input_schema } = tool;
    return [{ name, description, input_schema: { ...input_schema } as ToolDefinition['input_schema'] }];
  });
  return [...deps.describeTools(tools), ...custom];
}
