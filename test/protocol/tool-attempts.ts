import { toolKey } from '../../core/journal/attempt.ts';
import { commitTool } from '../../core/journal/commit-tool.ts';
import { openTool } from '../../core/journal/open-tool.ts';
import { newEvent } from '../../core/journal/wire-event.ts';
import { checkToolStart } from './checks.ts';
import { decide, report } from './transact-attempt.ts';
import { SESSION, THREAD, type Attempt, type Transition, type World } from './world.ts';

/** The next acts of an attempt of a tool call, against a sandbox whose record is made once and counts side effects. */
export function toolSteps(
  world: World,
  attempt: Attempt,
  tool: string,
  step: (what: string, run: () => Promise<void>) => Transition,
): Transition[] {
  const box = world.boxOf(tool);
  const key = toolKey(tool);
  const { epoch, fence } = attempt;
  const toolAttempt = { sessionId: SESSION, threadId: THREAD, epoch, fence, toolUseId: tool };
  const open = async () => {
    const again = attempt.unanswered;
    const decision = await decide(world, attempt, key, (view) =>
      openTool(view, toolAttempt, world.ids, again),
    );
    if (decision.kind === 'opened' && !decision.resumed && again === null) checkToolStart(world, tool);
    return decision;
  };
  if (attempt.stage === 'new') {
    const opens = step('opens', async () => {
      const decision = await open();
      if (decision.kind !== 'opened') return report(world, attempt, decision);
      attempt.arrived = decision.arrived;
      attempt.stage = decision.resumed ? 'resumed' : 'opened';
    });
    const opensUnanswered = step('opens, and the answer is lost', async () => {
      world.spend('lostAnswers');
      const decision = await open();
      if (decision.kind === 'opened') attempt.unanswered = { resumed: decision.resumed };
    });
    return world.left('lostAnswers') ? [opens, { ...opensUnanswered, system: false }] : [opens];
  }
  const commit = async () => {
    const event = newEvent({ id: world.newId('result'), type: 'agent.tool_result', tool_use_id: tool });
    const decision = await decide(world, attempt, key, (view) =>
      commitTool(view, toolAttempt, { event, isError: false }, world.ids),
    );
    report(world, attempt, decision);
  };
  const out: Transition[] = [];
  const row = world.stored.steps.get(key);
  if (world.interruptedSince(row?.arrived ?? 0) && row?.outcome === null && box.record !== 'done') {
    out.push(
      step('kills, commits', async () => {
        box.record = 'abandoned';
        await commit();
      }),
    );
  }
  if (attempt.stage === 'opened') {
    out.push(
      step('dispatches', async () => {
        if (box.record !== null) {
          attempt.stage = 'resumed';
          return;
        }
        world.need(box.effects === 0, `side effect of ${tool} twice`);
        box.record = 'running';
        box.effects++;
        attempt.stage = 'dispatched';
      }),
    );
  } else if (attempt.stage === 'resumed') {
    out.push(
      step('re-attaches', async () => {
        box.record ??= 'abandoned';
        attempt.stage = 'dispatched';
      }),
    );
  } else if (box.record === 'done' || box.record === 'abandoned') {
    out.push(step('commits', commit));
  }
  return out;
}
