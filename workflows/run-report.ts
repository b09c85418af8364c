import type { SessionState } from '../core/session/state.ts';
import type { Tally } from './messages.ts';

/** The workflow's current details, as Markdown: what an operator sees first in the Temporal UI. */
export function runReport(state: SessionState, tally: Tally): string {
  const lines = [
    `**${headline(state)}**`,
    '',
    `Model calls: ${tally.models} · tool calls: ${tally.tools} · list price: $${(tally.costNanoUsd / 1e9).toFixed(4)}`,
  ];
  if (tally.last !== '') lines.push('', `Last model call: ${tally.last}`);
  if (state.calls.length > 0) {
    lines.push('', '| tool use | state | what |', '| --- | --- | --- |');
    for (const call of state.calls.slice(0, 20)) {
      lines.push(`| ${call.id} | ${call.state} | ${call.label.replaceAll('|', '\\|')} |`);
    }
    if (state.calls.length > 20) lines.push('', `and ${state.calls.length - 20} more`);
  }
  return lines.join('\n');
}

/** The status that operators filter by: `running`, `requires_action` or `idle`. */
export function statusOf(state: SessionState): 'running' | 'requires_action' | 'idle' {
  if (state.open.some((activity) => activity.kind !== 'kill')) return 'running';
  const waits = state.calls.some((call) => call.state === 'ask' || call.state === 'custom');
  return waits ? 'requires_action' : 'idle';
}

function headline(state: SessionState): string {
  if (state.ended) return 'Ended';
  const open = state.open.filter((activity) => activity.kind !== 'kill');
  if (state.interrupt) return 'Interrupted: waiting for open activities';
  const tools = open.filter((activity) => activity.kind === 'runTool').length;
  if (tools > 0) return tools === 1 ? 'Running a tool' : `Running ${tools} tools`;
  if (open.some((activity) => activity.kind === 'callModel')) return 'Calling the model';
  if (open.length > 0) return 'Settling';
  if (state.calls.some((call) => call.state === 'ask')) return 'Waiting for a person to confirm a tool call';
  if (state.calls.some((call) => call.state === 'custom')) return "Waiting for the client's tool result";
  return 'Idle: waiting for the next message';
}
