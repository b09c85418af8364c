import type { FeedLog } from '../feed/feed-log.ts';
import type { EventOf, SessionEvent } from '../service/wire.ts';
import { noticeOf } from './notice-of.ts';
import type {
  Confirmation,
  ToolCall,
  ToolResult,
  ToolState,
  ToolUse,
  TranscriptItem,
} from './transcript-item.ts';

/**
 * The transcript of a log: tool calls with their results and confirmations, model requests with their ends, and everything that belongs
 * to a request marked with its id. Work grows with the log only.
 */
export function buildTranscript(log: FeedLog): TranscriptItem[] {
  const { results, confirmations, ends } = indexOf([...log.events, ...log.queued]);
  const items: TranscriptItem[] = [];
  let group: string | null = null;
  let usage: EventOf<'session.usage'> | null = null;

  for (const event of log.events) {
    switch (event.type) {
      case 'span.model_request_start':
        group = event.id;
        items.push({ kind: 'request', key: event.id, start: event, end: ends.get(event.id) ?? null });
        break;
      case 'span.model_request_end':
        group = null;
        pushNotice(items, event, false);
        break;
      case 'agent.thinking':
        items.push({ kind: 'thinking', key: event.id, group, event });
        break;
      case 'agent.message':
        items.push({ kind: 'answer', key: event.id, group, event, isLive: false });
        break;
      case 'agent.tool_use':
      case 'agent.mcp_tool_use':
      case 'agent.custom_tool_use': {
        const result = results.get(event.id) ?? null;
        const confirmation = confirmations.get(event.id) ?? null;
        const call = { use: event, result, confirmation, state: stateOf(event, result, confirmation) };
        items.push({ kind: 'tool', key: event.id, group, call });
        break;
      }
      case 'user.message':
      case 'system.message':
        items.push({ kind: 'said', key: event.id, event, isQueued: false });
        break;
      case 'session.usage':
        usage = event;
        break;
      case 'session.status_idle':
        items.push({ kind: 'turn_end', key: event.id, event, usage });
        usage = null;
        break;
      default:
        pushNotice(items, event, false);
    }
  }
  for (const id of log.thinking) items.push({ kind: 'thinking', key: id, group, event: null });
  for (const preview of log.previews) {
    items.push({ kind: 'answer', key: preview.id, group, event: preview, isLive: true });
  }
  for (const event of log.queued) {
    if (event.type === 'user.message' || event.type === 'system.message') {
      items.push({ kind: 'said', key: event.id, event, isQueued: true });
    } else {
      pushNotice(items, event, true);
    }
  }
  return items;
}

/** Calls that wait for a person, oldest first. */
export function waitingCalls(items: readonly TranscriptItem[]): ToolCall[] {
  return items.flatMap((item) =>
    item.kind === 'tool' && (item.call.state === 'asks' || item.call.state === 'needs_result')
      ? [item.call]
      : [],
  );
}

function pushNotice(items: TranscriptItem[], event: SessionEvent, isQueued: boolean): void {
  const notice = noticeOf(event);
  if (notice !== null) items.push({ kind: 'notice', key: event.id, ...notice, event, isQueued });
}

function indexOf(events: readonly SessionEvent[]) {
  const results = new Map<string, ToolResult>();
  const confirmations = new Map<string, Confirmation>();
  const ends = new Map<string, EventOf<'span.model_request_end'>>();
  for (const event of events) {
    if (event.type === 'span.model_request_end') ends.set(event.model_request_start_id, event);
    else if (event.type === 'user.tool_confirmation') confirmations.set(event.tool_use_id, event);
    else if (event.type === 'agent.tool_result' || event.type === 'user.tool_result') {
      keepFirst(results, event.tool_use_id, event);
    } else if (event.type === 'agent.mcp_tool_result') keepFirst(results, event.mcp_tool_use_id, event);
    else if (event.type === 'user.custom_tool_result') keepFirst(results, event.custom_tool_use_id, event);
  }
  return { results, confirmations, ends };
}

/** A second result of one call is stored without effect. */
function keepFirst(results: Map<string, ToolResult>, id: string, result: ToolResult): void {
  if (!results.has(id)) results.set(id, result);
}

function stateOf(use: ToolUse, result: ToolResult | null, confirmation: Confirmation | null): ToolState {
  if (confirmation?.result === 'deny') return 'denied';
  if (result !== null) return result.is_error === true ? 'failed' : 'done';
  if (use.type === 'agent.custom_tool_use') return 'needs_result';
  if (confirmation !== null) return 'allowed';
  return use.evaluated_permission === 'ask' ? 'asks' : 'running';
}
