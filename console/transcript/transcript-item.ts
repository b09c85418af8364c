import type { AgentMessage, EventOf, SessionEvent } from '../service/wire.ts';

export type ToolUse =
  EventOf<'agent.tool_use'> | EventOf<'agent.mcp_tool_use'> | EventOf<'agent.custom_tool_use'>;
export type ToolResult =
  | EventOf<'agent.tool_result'>
  | EventOf<'agent.mcp_tool_result'>
  | EventOf<'user.custom_tool_result'>
  | EventOf<'user.tool_result'>;
export type Confirmation = EventOf<'user.tool_confirmation'>;

/** How far a tool call is. */
export type ToolState = 'running' | 'asks' | 'needs_result' | 'allowed' | 'denied' | 'done' | 'failed';

export type Tone = 'plain' | 'good' | 'warning' | 'bad';

/** One row of the transcript. `key` stays the same while the row grows. */
export type TranscriptItem =
  | {
      kind: 'said';
      key: string;
      event: EventOf<'user.message'> | EventOf<'system.message'>;
      isQueued: boolean;
    }
  | { kind: 'request'; key: string; start: EventOf<'span.model_request_start'>; end: RequestEnd | null }
  | { kind: 'thinking'; key: string; group: string | null; event: EventOf<'agent.thinking'> | null }
  | { kind: 'answer'; key: string; group: string | null; event: AgentMessage; isLive: boolean }
  | { kind: 'tool'; key: string; group: string | null; call: ToolCall }
  | {
      kind: 'notice';
      key: string;
      tone: Tone;
      title: string;
      detail: string | null;
      event: SessionEvent;
      isQueued?: boolean;
    }
  | {
      kind: 'turn_end';
      key: string;
      event: EventOf<'session.status_idle'>;
      usage: EventOf<'session.usage'> | null;
    };

export type RequestEnd = EventOf<'span.model_request_end'>;

export interface ToolCall {
  use: ToolUse;
  result: ToolResult | null;
  confirmation: Confirmation | null;
  state: ToolState;
}

/** The events behind a row: the first is the one that a link to the row names. */
export function eventsOf(item: TranscriptItem): SessionEvent[] {
  switch (item.kind) {
    case 'request':
      return item.end === null ? [item.start] : [item.start, item.end];
    case 'tool':
      return [item.call.use, item.call.confirmation, item.call.result].filter((event) => event !== null);
    case 'turn_end':
      return item.usage === null ? [item.event] : [item.event, item.usage];
    case 'thinking':
      return item.event === null ? [] : [item.event];
    case 'answer':
      return item.isLive ? [] : [item.event];
    case 'said':
    case 'notice':
      return [item.event];
    default:
      return item satisfies never;
  }
}
