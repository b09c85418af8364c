import { accept, type AcceptEvent } from '../../core/journal/accept.ts';
import { capNanoUsd } from '../../core/journal/spend-cap.ts';
import { refuseUsedUp, updateSession } from '../../core/journal/update-session.ts';
import { unanswered } from '../../core/journal/call-states.ts';
import type { Budgets } from './scripts.ts';
import { STEP_USAGE } from './step-usage.ts';
import { budgetOf, SESSION, THREAD, type Transition, type World } from './world.ts';

/** What clients may send now: messages, interrupts, internal rows, and an answer to every call that waits. */
export function clientRequests(world: World): Transition[] {
  const out: Transition[] = [];
  const open = unanswered(world.calls());
  const send = (label: string, event: AcceptEvent, budget?: keyof Budgets) =>
    out.push({
      label,
      system: false,
      run: async () => {
        if (budget) world.spend(budget);
        await acceptEvent(world, event);
      },
    });
  if (world.left('raises') && world.stored.resource.budget !== null) {
    out.push({ label: 'raise budget', system: false, run: async () => raiseBudget(world) });
  }
  if (world.left('messages') && !world.atCap() && !(world.stored.head.status === 'idle' && open.length > 0)) {
    send('accept message', event(world, 'user.message', { content: [] }), 'messages');
  }
  if (world.left('interrupts')) send('accept interrupt', event(world, 'user.interrupt', {}), 'interrupts');
  if (world.left('notes')) {
    out.push({ label: 'accept internal row', system: false, run: async () => acceptNote(world) });
  }
  for (const call of open) {
    if (call.kind === 'custom') {
      send(`accept custom result ${call.id}`, customResult(world, call.id));
      continue;
    }
    for (const answer of ['allow', 'deny'] as const) {
      send(`accept ${answer} ${call.id}`, {
        ...event(world, 'user.tool_confirmation', { tool_use_id: call.id, result: answer }),
        ref: call.id,
        confirmation: { answer, denyMessage: null },
      });
    }
  }
  if (world.left('duplicates')) {
    for (const call of world.stored.calls.values()) {
      if (call.kind !== 'custom' || !call.resolved) continue;
      send(`accept duplicate result ${call.id}`, customResult(world, call.id), 'duplicates');
    }
  }
  return out;
}

async function acceptEvent(world: World, sent: AcceptEvent): Promise<void> {
  const named = sent.ref === undefined ? [] : [sent.ref];
  const { result } = await world.journal.transact({ sessionId: SESSION, named, caller: 'client' }, (view) => {
    const { writes, accepted } = accept(view, [sent], 1_000, world.ids);
    return { writes, result: accepted };
  });
  for (const accepted of result) {
    if (accepted.finished && accepted.arrival > 0)
      await world.journal.markSignalled(SESSION, [accepted.arrival]);
  }
}

/** Pays for one response more than were used or paid for. */
async function raiseBudget(world: World): Promise<void> {
  world.spend('raises');
  await world.journal.transact({ sessionId: SESSION, caller: 'client' }, (view) => {
    const used = view.head.usage.list_cost_nano_usd;
    const paid = Math.max(used, view.head.budget === null ? 0 : capNanoUsd(view.head.budget));
    const budget = budgetOf(paid / STEP_USAGE.list_cost_nano_usd + 1);
    refuseUsedUp(view, budget);
    return { writes: updateSession(view, { budget }, { budget }, world.ids), result: null };
  });
}

/** Rows of the service's own share the queue with what clients send. */
function acceptNote(world: World): void {
  world.spend('notes');
  const session = world.stored;
  session.head = { ...session.head, lastArrival: session.head.lastArrival + 1 };
  session.events.push({
    id: world.newId('note'),
    type: 'internal.note',
    arrival: session.head.lastArrival,
    seq: null,
    threadId: THREAD,
    ref: null,
    trace: null,
    body: {},
    detail: null,
    stepKey: null,
    processedAt: null,
    processed: false,
    signalled: false,
  });
}

function customResult(world: World, id: string): AcceptEvent {
  return { ...event(world, 'user.custom_tool_result', { custom_tool_use_id: id }), ref: id };
}

function event(world: World, type: string, body: Record<string, never[] | string>): AcceptEvent {
  const id = world.newId(type);
  return { id, type, body: { id, type, ...body } };
}
