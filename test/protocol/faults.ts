import { initialState } from '../../core/session/state.ts';
import { activityOf, attemptName } from './attempt-name.ts';
import type { Budgets } from './scripts.ts';
import { THREAD, type Transition, type World } from './world.ts';

/** What may break now: workers die or stop, a tool's activity fails for good, the workflow is lost, reset or continued as new. */
export function faults(world: World): Transition[] {
  const out: Transition[] = [];
  const fault = (label: string, budget: keyof Budgets, run: () => void) => {
    if (!world.left(budget)) return;
    out.push({
      label,
      system: false,
      run: async () => {
        world.spend(budget);
        run();
      },
    });
  };
  faultsOfWorkers(world, fault);
  if (world.workflow) faultsOfWorkflow(world, fault);
  return out;
}

type Fault = (label: string, budget: keyof Budgets, run: () => void) => void;

function faultsOfWorkers(world: World, fault: Fault): void {
  for (const attempt of world.attempts) {
    if (!attempt.current || attempt.command.kind === 'kill') continue;
    const name = attemptName(attempt);
    if (attempt.stage !== 'new' || attempt.unanswered !== null) {
      fault(`worker dies in ${name} (${attempt.stage})`, 'deaths', () => {
        world.drop(attempt);
        world.schedule(attempt.command);
      });
    }
    if (attempt.stage === 'reports') continue;
    fault(`worker stops in ${name} (${attempt.stage})`, 'zombies', () => {
      attempt.current = false;
      world.schedule(attempt.command);
    });
    if (attempt.command.kind === 'runTool') {
      fault(`${name} fails for good`, 'toolFailures', () => {
        attempt.current = false;
        world.apply({
          kind: 'failed',
          activity: activityOf(attempt.command),
          ended: false,
          message: 'broken',
        });
      });
    }
  }
}

function faultsOfWorkflow(world: World, fault: Fault): void {
  fault('workflow database lost', 'losses', () => {
    world.disturbed = true;
    world.workflow = null;
    world.attempts = world.attempts.filter((attempt) => !attempt.current);
  });
  fault('workflow database lost, attempts go on', 'losses', () => {
    world.disturbed = true;
    world.workflow = null;
    world.orphanAttempts();
  });
  for (const back of [1, 2]) {
    fault(`Temporal reset by ${back}`, 'resets', () => {
      const { epoch = 0, step = 0 } = world.workflow ?? {};
      world.wasReset = true;
      world.disturbed = true;
      const state = initialState({ epoch, threadId: THREAD, resync: false, flag: true });
      world.workflow = { ...state, step: Math.max(0, step - back) };
      world.orphanAttempts();
      world.advance();
    });
  }
  if (!world.full) {
    fault('the run is full', 'continuations', () => {
      world.full = true;
    });
  }
}
