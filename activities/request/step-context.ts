import type { StepAttempt } from '../../core/journal/attempt.ts';
import { withoutPinnedData } from '../../core/journal/large-strings.ts';
import type { CutRun, Detour } from '../../core/journal/turn.ts';
import type { ModelEntry } from '../../core/models/model-entry.ts';
import { contextBudget, type ContextBudget } from '../../core/session/context/context-budget.ts';
import { jsonTokens, textTokens } from '../../core/session/context/estimate-tokens.ts';
import type { SkillPin } from '../../core/skills/skill-pin.ts';
import type { TranscriptView } from '../../core/session/transcript.ts';
import { loadLargeStrings } from '../../providers/blob/large-bodies.ts';
import type { ModelProvider } from '../../providers/model/model-provider.ts';
import type { SessionSetup } from '../../providers/store/journal.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { chooseModel } from './choose-model.ts';
import { activated } from './activated.ts';
import { servedLimits } from './served-limits.ts';
import { sessionPrompt, type SessionPrompt } from './session-prompt.ts';

/** All that the requests of one step are made from. */
export interface StepContext {
  sessionId: string;
  setup: SessionSetup;
  entry: ModelEntry;
  provider: ModelProvider;
  prompt: SessionPrompt;
  /** The skills of the session. */
  pins: readonly SkillPin[];
  transcript: TranscriptView;
  budget: ContextBudget;
  /** Estimated tokens of the prompt. */
  fixed: number;
  /** How the answer before fell short, where the step goes on with one. */
  cut: CutRun | null;
  /** Ends the step's work. */
  signal: AbortSignal;
}

/**
 * Reads what a step may know: the journal up to `through`, nothing that came later. Its requests go to the session's own model, or to the
 * one that stands in for it.
 */
export async function readStepContext(
  deps: ActivityDependencies,
  attempt: StepAttempt,
  opened: { through: number; detour: Detour | null; cut: CutRun | null },
  signal: AbortSignal,
): Promise<StepContext> {
  const { sessionId, threadId, epoch } = attempt;
  const [setup, pins] = await Promise.all([deps.journal.setup(sessionId), deps.sessionSkills.of(sessionId)]);
  const entry = await chooseModel(deps, setup, opened.detour);
  const prompt = sessionPrompt(deps, setup, entry, pins);
  const withSkills = activated(deps.blobs, pins);
  const transcript = await deps.transcripts.read({
    sessionId,
    threadId,
    epoch,
    through: opened.through,
    load: async (body) =>
      withSkills(await loadLargeStrings(deps.blobs, setup.workspaceId, withoutPinnedData(body))),
  });
  return {
    sessionId,
    setup,
    entry,
    provider: deps.providers.for(entry),
    prompt,
    pins,
    transcript,
    budget: contextBudget(servedLimits(entry), deps.context),
    fixed: textTokens(prompt.system) + jsonTokens(prompt.tools),
    cut: opened.cut,
    signal,
  };
}

/** The context with what has been learned of the model's limits since it was read. */
export function refitted(deps: ActivityDependencies, context: StepContext): StepContext {
  return { ...context, budget: contextBudget(servedLimits(context.entry), deps.context) };
}
