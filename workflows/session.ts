import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Activities } from '../activities/index.ts';
import type { StepReport } from '../activities/report.ts';
import type { StepOutcome } from '../core/journal/outcome.ts';
import { applyEvent, type SessionEvent } from '../core/session/apply-event.ts';
import { atStepBoundary, carriedState, nextStep, type Command } from '../core/session/next-step.ts';
import type { OpenActivity, SessionState } from '../core/session/state.ts';
import { bookkeeping, MODEL_CALL } from './activity-options.ts';
import { createHands } from './hands.ts';
import { acceptedSignal, stateQuery, type SessionInput, type Tally } from './messages.ts';
import { runReport, statusOf } from './run-report.ts';

/** How long open activities may take to notice an interrupt by themselves before they are cancelled. */
const INTERRUPT_GRACE_MS = 1_000;

const STATUS = defineSearchAttributeKey('AgentStatus', SearchAttributeType.KEYWORD);
const MODEL = defineSearchAttributeKey('AgentModel', SearchAttributeType.KEYWORD);
const COST = defineSearchAttributeKey('AgentCostUsd', SearchAttributeType.DOUBLE);

/** Failure types on which a run ends: the session is gone, or goes on elsewhere. */
const ENDING = new Set(['session_gone', 'session_superseded']);

/**
 * One agent session. A thin loop: events come in, `applyEvent` and `nextStep` decide, activities are started. The conversation is in
 * the journal; this run only knows what is under way.
 */
export async function session(input: SessionInput): Promise<void> {
  const brain = proxyActivities<Activities>(bookkeeping());
  const model = proxyActivities<Activities>(MODEL_CALL);
  const hands = createHands({ ...input, hands: input.hands ?? null });

  let state: SessionState = input.state;
  const tally = { ...input.tally };
  let shown: string | null = null;
  let { model: asked } = input;
  const inbox: SessionEvent[] = [];
  let signals = 0;
  /** A failure that is no activity's: a defect of this code, which fails the workflow task until a fixed worker arrives. */
  let defect: unknown;
  let open: { scope: CancellationScope; ignored: boolean }[] = [];
  let interruptedAt: number | null = null;

  setHandler(acceptedSignal, (events) => {
    signals++;
    for (const { arrival, type, ref, allow } of events) {
      inbox.push({ kind: 'signalled', event: { arrival, type, ref, allow } });
    }
  });
  setHandler(stateQuery, () => state);

  function perform(command: Command): Promise<StepReport | null> {
    const { epoch, threadId } = state;
    const base = { sessionId: input.sessionId, epoch, threadId };
    switch (command.kind) {
      case 'callModel': {
        const { step, seals } = command;
        const summary = `${asked} · step ${step}`;
        return model.callModel.executeWithOptions({ summary }, [{ ...base, step, seals }]);
      }
      case 'settle': {
        const { kind: _, ...rest } = command;
        const summary = `settle · ${command.reason.replace('_', ' ')}`;
        return brain.settle.executeWithOptions({ summary }, [{ ...base, ...rest }]);
      }
      case 'runTool': {
        const { toolUseId, label } = command;
        return hands.runTool({ ...base, toolUseId }, label);
      }
      case 'openSession':
        return brain.openSession.executeWithOptions({ summary: 'read the session from the store' }, [base]);
      case 'kill': {
        const { toolUseId } = command;
        return hands.kill({ ...base, toolUseId }, `end ${toolUseId}`);
      }
    }
  }

  function start(command: Command): void {
    const activity = toActivity(command);
    const attempt = { scope: new CancellationScope(), ignored: false };
    if (command.kind === 'callModel' || command.kind === 'runTool') open.push(attempt);
    if (command.kind === 'callModel') tally.models++;
    if (command.kind === 'runTool') tally.tools++;
    void follow(attempt, () => perform(command), activity);
  }

  async function follow(
    attempt: { scope: CancellationScope; ignored: boolean },
    work: () => Promise<StepReport | null>,
    activity: OpenActivity,
  ): Promise<void> {
    let event: SessionEvent;
    try {
      const report = await attempt.scope.run(work);
      if (report?.hands !== undefined) hands.learn(report.hands);
      event = report
        ? { kind: 'completed', activity, outcome: report.outcome, standing: report.standing }
        : { kind: 'failed', activity, ended: false, message: '' };
    } catch (error) {
      if (attempt.ignored) return;
      if (!(error instanceof ActivityFailure)) {
        if (!isCancellation(error)) defect = error;
        return;
      }
      event = { kind: 'failed', activity, ...describe(error) };
    }
    if (attempt.ignored) return;
    open = open.filter((candidate) => candidate !== attempt);
    if (event.kind === 'completed') asked = note(tally, event.outcome) ?? asked;
    inbox.push(event);
  }

  for (;;) {
    for (const event of inbox.splice(0)) state = applyEvent(state, event);
    // Before the next step is begun: within a turn one activity follows the other, and there is no later moment.
    if (!state.ended && atStepBoundary(state) && isFull(input, signals)) {
      await continueAsNew<typeof session>({
        ...input,
        model: asked,
        state: carriedState(state),
        tally,
        hands: hands.queue,
      });
    }
    const next = nextStep(state);
    state = next.state;
    for (const command of next.commands) start(command);
    setCurrentDetails(runReport(state, tally));
    const status = statusOf(state);
    if (status !== shown) {
      shown = status;
      upsertSearchAttributes([
        { key: STATUS, value: status },
        { key: COST, value: tally.costNanoUsd / 1e9 },
        { key: MODEL, value: asked },
      ]);
    }
    if (state.ended) return;

    const waitsForActivities = state.interrupt && open.length > 0;
    interruptedAt = waitsForActivities ? (interruptedAt ?? Date.now()) : null;
    const woken = (): boolean => inbox.length > 0 || defect !== undefined;
    if (interruptedAt === null) await condition(woken);
    else if (!(await condition(woken, Math.max(1, interruptedAt + INTERRUPT_GRACE_MS - Date.now())))) {
      for (const attempt of open) {
        attempt.ignored = true;
        attempt.scope.cancel();
      }
      open = [];
      inbox.push({ kind: 'cancelled' });
    }
    if (defect !== undefined) throw defect;
  }
}

/** Adds what a model step used, unless it was counted before. Returns the model that answered, if one did. */
function note(tally: Tally, outcome: StepOutcome): string | undefined {
  if (!('spent' in outcome) || outcome.spent === undefined) return undefined;
  tally.costNanoUsd += outcome.spent.listCostNanoUsd;
  tally.last = outcome.spent.label;
  return outcome.spent.model;
}

/** Whether the run has used its budget. Temporal suggests by events and bytes, and says nothing about signals. */
function isFull(input: SessionInput, signals: number): boolean {
  const info = workflowInfo();
  return (
    info.continueAsNewSuggested || info.historyLength >= input.historyBudget || signals >= input.signalBudget
  );
}

function describe(error: ActivityFailure): { ended: boolean; message: string } {
  const { cause } = error;
  const type = cause instanceof ApplicationFailure ? (cause.type ?? '') : '';
  return { ended: ENDING.has(type), message: cause?.message ?? error.message };
}

function toActivity(command: Command): OpenActivity {
  switch (command.kind) {
    case 'callModel':
      return { kind: 'callModel', step: command.step };
    case 'settle':
      return { kind: 'settle', step: command.step, reason: command.reason };
    case 'runTool':
    case 'kill':
      return { kind: command.kind, toolUseId: command.toolUseId };
    case 'openSession':
      return { kind: 'openSession' };
  }
}
