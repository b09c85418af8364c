import type { EventOf, SessionEvent } from '../service/wire.ts';
import type { Tone } from './transcript-item.ts';

export interface Notice {
  tone: Tone;
  title: string;
  detail: string | null;
}

/** The plain words for an event that is neither said nor done by the agent; null for those that other rows tell. */
export function noticeOf(event: SessionEvent): Notice | null {
  const plain = (title: string, detail: string | null = null): Notice => ({ tone: 'plain', title, detail });
  switch (event.type) {
    case 'session.error':
      return errorNotice(event.error);
    case 'session.status_rescheduled':
      return { tone: 'warning', title: 'Waiting before another attempt', detail: null };
    case 'session.status_terminated':
      return plain('The session has ended', 'It takes no more messages.');
    case 'session.deleted':
      return plain('The session was deleted');
    case 'session.updated':
      return plain(`Changed: ${changesIn(event)}`);
    case 'user.interrupt':
      return plain('You interrupted the agent');
    case 'user.define_outcome':
      return plain('You set an outcome to reach', event.description);
    case 'agent.thread_context_compacted':
      return plain(
        'The context was compacted',
        'Earlier parts were summarised, so that the conversation fits the model.',
      );
    case 'session.thread_created':
      return plain(`${event.agent_name} was started`);
    case 'session.thread_status_terminated':
      return plain(`${event.agent_name} has ended`);
    case 'agent.thread_message_sent':
      return plain(`To ${event.to_agent_name ?? 'the main agent'}`, textOf(event.content));
    case 'agent.thread_message_received':
      return plain(`From ${event.from_agent_name ?? 'the main agent'}`, textOf(event.content));
    case 'span.model_request_end':
      return cutNotice(event);
    case 'span.outcome_evaluation_end':
      return plain(`Outcome evaluated: ${event.result.replaceAll('_', ' ')}`, event.explanation);
    case 'workflow_run.created':
      return plain(`Workflow “${event.name}” was started`, event.description);
    case 'workflow_run.error':
      return { tone: 'bad', title: 'The workflow run failed', detail: event.error.message };
    case 'workflow_run.status_ended':
      return plain(`Workflow run ${event.result.type}`);
    case 'user.message':
    case 'system.message':
    case 'user.tool_confirmation':
    case 'user.custom_tool_result':
    case 'user.tool_result':
    case 'agent.message':
    case 'agent.thinking':
    case 'agent.tool_use':
    case 'agent.tool_result':
    case 'agent.mcp_tool_use':
    case 'agent.mcp_tool_result':
    case 'agent.custom_tool_use':
    case 'session.status_running':
    case 'session.status_idle':
    case 'session.usage':
    case 'session.thread_status_running':
    case 'session.thread_status_idle':
    case 'session.thread_status_rescheduled':
    case 'span.model_request_start':
    case 'span.outcome_evaluation_start':
    case 'span.outcome_evaluation_ongoing':
    case 'workflow_run.status_running':
    case 'workflow_run.status_idle':
    case 'workflow_run.phase_started':
    case 'workflow_run.phase_ended':
      return null;
    default: {
      // A newer service may send what this page does not know yet.
      const unknown: { type: string } = event;
      return plain(`Event ${unknown.type}`);
    }
  }
}

/** Why an answer ended that is not whole, by the word that the service adds to the end of its request. */
const CUTS = new Map([
  ['max_tokens', 'Cut off here by the model’s output limit'],
  ['model_context_window_exceeded', 'Cut off here by the end of the context window'],
  ['pause_turn', 'The model paused here'],
  ['malformed_tool_call', 'The model wrote a tool call that cannot be read'],
]);

function cutNotice(end: EventOf<'span.model_request_end'> & { stop_reason?: string }): Notice | null {
  const title = CUTS.get(end.stop_reason ?? '');
  return title === undefined ? null : { tone: 'warning', title, detail: null };
}

type Failure = Extract<SessionEvent, { type: 'session.error' }>['error'];

function errorNotice(error: Failure): Notice {
  const what = error.type.replace(/_error$/, '').replaceAll('_', ' ');
  const title = `${what.charAt(0).toUpperCase()}${what.slice(1)}`;
  if (error.retry_status.type === 'retrying') {
    return { tone: 'warning', title: `${title}: trying again`, detail: error.message };
  }
  const end =
    error.retry_status.type === 'terminal' ? 'the session ends here' : 'gave up; send a message to go on';
  return { tone: 'bad', title: `${title}: ${end}`, detail: error.message };
}

function changesIn(event: Extract<SessionEvent, { type: 'session.updated' }>): string {
  const names = {
    agent: 'the agent’s tools',
    title: 'the title',
    metadata: 'the metadata',
    budget: 'the budget',
  };
  const changed = Object.entries(names).filter(([key]) => key in event);
  return changed.length === 0 ? 'the session' : changed.map(([, name]) => name).join(', ');
}

function textOf(content: readonly { type: string }[]): string {
  return content
    .map((block) => ('text' in block && typeof block.text === 'string' ? block.text : `[${block.type}]`))
    .join('\n');
}
