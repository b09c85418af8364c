import { callStates, unanswered } from '../../core/journal/call-states.ts';
import type { Detour } from '../../core/journal/turn.ts';
import { STEP_USAGE } from './step-usage.ts';
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
  const logComplaint = complaintAboutLog(world);
  if (logComplaint !== null) return logComplaint;
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
  const skipped = world.exact ? [...world.boxes].find(([, box]) => box.effects !== 1) : undefined;
  if (skipped) return `nothing broke but answers, and ${skipped[0]} ran ${skipped[1].effects} times`;
  const types = world.journaled().map((event) => event.type);
  if (types.lastIndexOf('user.message') > types.lastIndexOf('session.status_idle')) {
    return 'a message is followed by no idle';
  }
  const paused = stop?.type === 'budget_reached' && world.atCap();
  return world.stored.thread.owed && !paused ? 'a message is never answered' : null;
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
  world.need(!world.atCap(), 'a model call starts after the budget was reached');
}

/** A model stands in until the turn's answer is there, or the turn is over. */
export function checkDetour(world: World, detour: Detour | null): void {
  let expected = null as string | null;
  for (const { type, body } of world.journaled()) {
    const error = body['error'] as { fallback_model?: string } | undefined;
    const stop = body['stop_reason'] as { type: string } | undefined;
    if (type === 'session.error' && error?.fallback_model !== undefined) expected = error.fallback_model;
    if (type === 'span.model_request_end' && body['stop_reason'] === 'end_turn') expected = null;
    if (type === 'session.status_idle' && !PAUSES.includes(stop?.type ?? '')) expected = null;
  }
  world.need(
    (detour?.model ?? null) === expected,
    `asks ${detour?.model ?? 'the first model'}, not ${expected ?? 'the first model'}`,
  );
}

const PAUSES = ['requires_action', 'budget_reached'];

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

/** What is wrong with the log as clients see it; null when nothing is. */
function complaintAboutLog(world: World): string | null {
  const log = world.journaled();
  if (hasEmptyTurn(log.map((event) => event.type))) return 'a turn was opened in which nothing happened';
  if (log.some((event, index) => event.seq !== index + 1)) return 'the numbers of the log have gaps';
  let running = false;
  for (const { type } of log) {
    if (type === 'session.status_running' && running) return 'two turns are open at once';
    if (type === 'session.status_running') running = true;
    if (type === 'session.status_idle') running = false;
  }
  const open = new Set(world.calls().map((call) => call.id));
  for (const use of log.filter((event) => isUse(event.type))) {
    const results = log.filter((event) => event.type.endsWith('result') && event.ref === use.id);
    const duplicates = use.type === 'agent.custom_tool_use' ? results.length : 1;
    if (open.has(use.id) ? results.length > 0 : results.length < 1 || results.length > duplicates) {
      return `the tool use ${use.id} has ${results.length} results`;
    }
  }
  const ends = log.filter((event) => event.type === 'span.model_request_end');
  const starts = log.filter((event) => event.type === 'span.model_request_start');
  if (ends.length !== starts.length) return `${starts.length} model calls began, ${ends.length} ended`;
  const answered = ends.filter((event) => event.body['is_error'] === false).length;
  const spent = world.stored.head.usage;
  for (const [field, amount] of Object.entries(spent)) {
    const each = STEP_USAGE[field as keyof typeof STEP_USAGE];
    if (amount !== answered * each) return `${field} is ${amount} after ${answered} responses of ${each}`;
  }
  return null;
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
