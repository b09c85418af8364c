import { callStates, unanswered } from '../../core/journal/call-states.ts';
import type { World } from './world.ts';

/** What is wrong with a resting state; null when it is a good one. */
export function complaintAbout(world: World): string | null {
  const queued = world.queued();
  const calls = world.calls();
  const waiting = unanswered(calls);
  if (queued.some((event) => event.type !== 'user.message') || (queued.length > 0 && waiting.length === 0)) {
    return `events never processed: ${queued.map((event) => event.id).join()}`;
  }
  if ([...world.stored.steps.values()].some((row) => row.outcome === null)) return 'a steps row stays open';
  const types = world.journaled().map((event) => event.type);
  if (hasEmptyTurn(types)) return 'a turn was opened in which nothing happened';
  const { status, stop } = world.stored.head;
  if (status !== 'idle') return `the session stays ${status}`;
  if (waiting.length > 0 || stop?.type === 'requires_action') {
    const shown = stop?.type === 'requires_action' ? [...stop.event_ids].sort().join() : '';
    const actual = waiting
      .map((call) => call.id)
      .sort()
      .join();
    if (shown === actual && calls.length === waiting.length) return null;
    return `idle on ${shown}, unanswered ${actual}, open ${calls.length}`;
  }
  if (calls.length > 0) return `tool uses without a result: ${calls.map((call) => call.id).join()}`;
  return world.stored.thread.owed ? 'a message is never answered' : null;
}

/** What the model is told must be valid: every tool use is answered before anything else is said. */
export function checkTranscript(world: World): void {
  const pending = new Set<string>();
  for (const event of world.journaled()) {
    if (isUse(event.type)) pending.add(event.id);
    else if (event.type === 'agent.tool_result' || event.type === 'user.custom_tool_result') {
      pending.delete(event.ref ?? '');
    } else if (['user.message', 'agent.message', 'span.model_request_start'].includes(event.type)) {
      world.need(pending.size === 0, `${event.type} stands between a tool use and its result`);
    }
  }
}

/** No model call starts once an interrupt was acknowledged. */
export function checkModelStart(world: World): void {
  world.need(!world.interruptedSince(0), 'a model call starts after an interrupt was acknowledged');
}

/** A settle leaves no confirmation in the queue whose call has its result: nothing else would ever take it. */
export function checkSettled(world: World): void {
  const resolved = world.queued().filter((event) => world.stored.calls.get(event.ref ?? '')?.resolved);
  world.need(resolved.length === 0, 'a settle leaves the confirmation of an answered call in the queue');
}

/** No tool starts after an interrupt. */
export function checkToolStart(world: World, tool: string): void {
  world.need(!world.interruptedSince(0), `tool ${tool} starts after an interrupt was acknowledged`);
  const log = world.journaled();
  const use = log.findIndex((event) => event.id === tool);
  world.need(
    !log.slice(use).some((event) => event.type === 'user.interrupt'),
    `tool ${tool} starts after an interrupt was stamped`,
  );
}

export function isUse(type: string): boolean {
  return type === 'agent.tool_use' || type === 'agent.custom_tool_use';
}

/** The state of everything, for the report of a failed walk. */
export function describeWorld(world: World): string {
  const log = world.journaled().map((event) => `${event.type}${event.ref ? `(${event.ref})` : ''}`);
  const queue = world.queued().map((event) => event.type);
  return [
    `journal: ${log.join(' ')}`,
    `queue: ${queue.join(' ')}`,
    `head: ${JSON.stringify(world.stored.head)} calls: ${JSON.stringify(callStates(world.calls()))}`,
    `workflow: ${JSON.stringify(world.workflow)}`,
  ].join('\n');
}

/** Whether a running pair is followed by an idle with neither input nor result between them. */
function hasEmptyTurn(types: string[]): boolean {
  let content = true;
  for (const type of types) {
    if (type === 'session.status_running') content = false;
    else if (type === 'session.status_idle' && !content) return true;
    else if (/^user\.(message|tool_confirmation|interrupt|custom_tool_result)$|^agent\./.test(type)) {
      content = true;
    }
  }
  return false;
}
