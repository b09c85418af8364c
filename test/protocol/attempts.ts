import { stepKey } from '../../core/journal/attempt.ts';
import { commitStep } from '../../core/journal/commit-step.ts';
import { openSession } from '../../core/journal/open-session.ts';
import { openStep, type StandInFor } from '../../core/journal/open-step.ts';
import { rescheduleStep } from '../../core/journal/reschedule-step.ts';
import { settle } from '../../core/journal/settle.ts';
import type { Command } from '../../core/session/next-step.ts';
import { attemptName } from './attempt-name.ts';
import { checkDetour, checkModelStart, checkSettled, checkTranscript } from './checks.ts';
import { decide, report } from './transact-attempt.ts';
import { answersOf, toAnswer } from './model-answers.ts';
import { toolSteps } from './tool-attempts.ts';
import { SESSION, THREAD, type Attempt, type Transition, type World } from './world.ts';

/** The next acts of all attempts: each transaction and each sandbox call is one. */
export function attemptSteps(world: World): Transition[] {
  return world.attempts.flatMap((attempt) => stepsOf(world, attempt));
}

function stepsOf(world: World, attempt: Attempt): Transition[] {
  const { command, stage } = attempt;
  const name = attemptName(attempt);
  if (stage === 'reports') {
    if (attempt.current) return [];
    return [{ label: `${name} reports to nobody`, system: false, run: async () => world.drop(attempt) }];
  }
  const step = (what: string, run: () => Promise<void>): Transition => ({
    label: `${name} ${what}`,
    system: attempt.current,
    run: async () => {
      if (command.kind !== 'kill' && attempt.epoch < world.stored.head.epoch) return world.drop(attempt);
      return run();
    },
  });
  switch (command.kind) {
    case 'callModel':
      if (stage === 'new') {
        const opens = step('opens', async () => openModel(world, attempt, command, () => null));
        if (!world.left('outages')) return [opens];
        const elsewhere = step('opens, its model is down', async () =>
          openModel(world, attempt, command, outage(world)),
        );
        return [opens, { ...elsewhere, system: false }];
      }
      return answersOf(world, attempt).map((answer) =>
        step(`commits ${answer}`, async () => commitModel(world, attempt, command, answer)),
      );
    case 'settle':
      return [step('settles', async () => settleStep(world, attempt, command))];
    case 'openSession':
      return [step('reads', async () => readSession(world, attempt))];
    case 'kill':
      return [
        step('kills', async () => {
          const box = world.boxOf(command.toolUseId);
          if (box.record !== 'done') box.record = 'abandoned';
          attempt.stage = 'reports';
        }),
      ];
    case 'runTool':
      return toolSteps(world, attempt, command.toolUseId, step);
  }
}

async function openModel(
  world: World,
  attempt: Attempt,
  command: Extract<Command, { kind: 'callModel' }>,
  standInFor: StandInFor,
): Promise<void> {
  const decision = await decide(world, attempt, stepKey(THREAD, command.step), (view) =>
    openStep(view, stepAttempt(attempt, command), world.limits, world.ids, standInFor),
  );
  if (decision.kind !== 'opened') return report(world, attempt, decision);
  if (!decision.resumed) checkModelStart(world);
  checkDetour(world, decision.detour);
  checkTranscript(world);
  attempt.arrived = decision.arrived;
  attempt.stage = 'opened';
}

/** A model that is known to be down when it is about to be asked. */
function outage(world: World): StandInFor {
  return (_view, detour) => {
    world.spend('outages');
    const error = {
      type: 'model_overloaded_error',
      message: '',
      retry_status: { type: 'retrying' },
    } as const;
    return { failed: detour?.model ?? 'first', model: world.newId('model'), error };
  };
}

async function commitModel(
  world: World,
  attempt: Attempt,
  command: Extract<Command, { kind: 'callModel' }>,
  answer: string,
): Promise<void> {
  const key = stepKey(THREAD, command.step);
  if (answer === 'moves') return moveModel(world, attempt, command, key);
  const held = world.stored.steps.get(key);
  const decision = await decide(world, attempt, key, (view) =>
    commitStep(view, stepAttempt(attempt, command), toAnswer(world, answer, attempt), world.ids),
  );
  world.need(
    held === undefined || held.outcome !== null || attempt.fence >= held.fence || decision.kind === 'stale',
    `${attemptName(attempt)} commits a step that a later attempt holds`,
  );
  report(world, attempt, decision);
}

/** The provider fails for good and another model stands by: the attempt fails, and the next one finds out by the journal. */
async function moveModel(
  world: World,
  attempt: Attempt,
  command: Extract<Command, { kind: 'callModel' }>,
  rowKey: string,
): Promise<void> {
  world.spend('moves');
  const model = world.newId('model');
  const { result } = await world.journal.transact(
    { sessionId: SESSION, epoch: attempt.epoch, rowKey, caller: 'activity' },
    (view) => {
      const failed = view.thread.turn.detour?.model ?? 'first';
      const decision = rescheduleStep(
        view,
        stepAttempt(attempt, command),
        {
          model: failed,
          retry: 'never',
          lost: null,
          error: (retry) => ({ type: 'billing_error', message: '', retry_status: { type: retry } }),
          fallback: { model, afterFailures: 3 },
        },
        world.ids,
      );
      return { writes: decision.writes, result: decision };
    },
  );
  world.need(
    result.kind === 'moved' || !attempt.current || world.disturbed,
    `the current attempt ${attemptName(attempt)} cannot move: ${result.kind}`,
  );
  world.drop(attempt);
  if (attempt.current) world.schedule(attempt.command);
}

async function settleStep(
  world: World,
  attempt: Attempt,
  command: Extract<Command, { kind: 'settle' }>,
): Promise<void> {
  const { reason, failure } = command;
  const decision = await decide(world, attempt, stepKey(THREAD, command.step), (view) =>
    settle(view, { ...stepAttempt(attempt, command), reason, failure }, world.ids),
  );
  if (decision.kind === 'outcome' && decision.writes) checkSettled(world);
  report(world, attempt, decision);
}

async function readSession(world: World, attempt: Attempt): Promise<void> {
  const { result } = await world.journal.transact(
    { sessionId: SESSION, epoch: attempt.epoch, caller: 'activity' },
    (view) => ({ writes: null, result: openSession(view) }),
  );
  attempt.stage = 'reports';
  attempt.report = { outcome: result, standing: false };
}

function stepAttempt(attempt: Attempt, command: { step: number; seals: string[] }) {
  const { epoch, fence } = attempt;
  return { sessionId: SESSION, threadId: THREAD, epoch, fence, step: command.step, seals: command.seals };
}
