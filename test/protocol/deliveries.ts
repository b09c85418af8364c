import { initialState } from '../../core/session/state.ts';
import { activityOf, attemptName } from './attempt-name.ts';
import { SESSION, THREAD, type Attempt, type Transition, type World } from './world.ts';

/** What reaches the workflow by itself: signals, reports, its own timer, and the sweeper where it is gone. Commands end, too. */
export function deliveries(world: World): Transition[] {
  return [
    ...(world.workflow ? signals(world) : sweeper(world)),
    ...reports(world),
    ...cancellation(world),
    ...endsOfCommands(world),
  ];
}

function signals(world: World): Transition[] {
  const out: Transition[] = [];
  for (const event of world.stored.events) {
    if (event.arrival === null || event.signalled) continue;
    const { arrival, type, ref } = event;
    const deliver = () =>
      world.apply({
        kind: 'signalled',
        event: { arrival, type, ref, allow: event.body['result'] === 'allow' },
      });
    out.push({
      label: `signal ${type} ${ref ?? ''}`,
      system: true,
      run: async () => {
        await world.journal.markSignalled(SESSION, [arrival]);
        deliver();
      },
    });
    if (!world.left('repeatedSignals')) continue;
    out.push({
      label: `signal ${type} ${ref ?? ''}, acknowledgement lost`,
      system: false,
      run: async () => {
        world.spend('repeatedSignals');
        deliver();
      },
    });
  }
  return out;
}

function sweeper(world: World): Transition[] {
  if (!world.busy()) return [];
  const revive = () => {
    const session = world.stored;
    const epoch = session.head.epoch + 1;
    session.head = { ...session.head, epoch };
    world.workflow = initialState({ epoch, threadId: THREAD, resync: true, flag: false });
    world.advance();
  };
  return [{ label: 'sweeper: lost, new epoch', system: true, run: async () => revive() }];
}

function reports(world: World): Transition[] {
  const ready = world.attempts.filter((attempt) => attempt.stage === 'reports' && attempt.current);
  return ready.map((attempt) => ({
    label: `workflow gets ${attemptName(attempt)}: ${attempt.report?.outcome.kind ?? 'done'}`,
    system: true,
    run: async () => {
      world.drop(attempt);
      const activity = activityOf(attempt.command);
      if (attempt.report) world.apply({ kind: 'completed', activity, ...attempt.report });
      else world.apply({ kind: 'failed', activity, ended: false, message: 'killed' });
    },
  }));
}

function cancellation(world: World): Transition[] {
  const open = world.attempts.some((attempt) => attempt.current && cancellable(attempt));
  if (!world.workflow?.interrupt || !open) return [];
  const cancel = () => {
    world.need(world.wasReset || world.interruptedSince(0), 'a late interrupt signal cancels a healthy turn');
    for (const attempt of world.attempts) if (cancellable(attempt)) attempt.current = false;
    world.attempts = world.attempts.filter((attempt) => attempt.current || attempt.stage !== 'reports');
    world.apply({ kind: 'cancelled' });
  };
  return [{ label: 'workflow cancels open activities', system: true, run: async () => cancel() }];
}

function endsOfCommands(world: World): Transition[] {
  const running = [...world.boxes].filter(([, box]) => box.record === 'running');
  return running.map(([tool, box]) => ({
    label: `command ${tool} ends`,
    system: true,
    run: async () => {
      box.record = 'done';
    },
  }));
}

function cancellable(attempt: Attempt): boolean {
  return attempt.command.kind === 'callModel' || attempt.command.kind === 'runTool';
}
