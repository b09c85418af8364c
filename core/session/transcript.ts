import type { Json, JsonObject } from '../json.ts';
import type {
  ContentBlock,
  OpaqueBlock,
  ToolUseBlock,
  TranscriptBlock,
  TranscriptMessage,
} from './content.ts';

/** What the transcript reads of a journaled event. Bodies are whole: large strings are back in place. */
export interface TranscriptEvent {
  id: string;
  type: string;
  body: JsonObject;
  detail: Json | null;
}

/**
 * Turns a session's log into what a model is told. Append-only: more events extend the messages and never change what stands, so
 * that the same events always give the same bytes and the provider's prompt cache keeps hitting.
 */
export interface Transcript {
  append(events: readonly TranscriptEvent[]): void;
  /** The messages so far. The array is the transcript's own: copy it to keep it. */
  readonly messages: readonly TranscriptMessage[];
}

export function createTranscript(): Transcript {
  const messages: TranscriptMessage[] = [];
  const answered = new Set<string>();

  function add(role: TranscriptMessage['role'], blocks: TranscriptBlock[]): void {
    if (blocks.length === 0) return;
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else messages.push({ role, content: [...blocks] });
  }

  function addResult(toolUseId: unknown, body: JsonObject): void {
    if (typeof toolUseId !== 'string' || answered.has(toolUseId)) return;
    answered.add(toolUseId);
    const content = contentOf(body);
    add('user', [
      { type: 'tool_result', tool_use_id: toolUseId, content, is_error: body['is_error'] === true },
    ]);
  }

  function appendOne({ id, type, body, detail }: TranscriptEvent): void {
    switch (type) {
      case 'user.message':
        return add('user', contentOf(body));
      case 'system.message':
        return add('system', contentOf(body));
      case 'agent.thinking':
        return add('assistant', isOpaque(detail) ? [detail] : []);
      case 'agent.message':
        return add('assistant', contentOf(body));
      case 'agent.tool_use':
      case 'agent.custom_tool_use':
      case 'agent.mcp_tool_use':
        return add('assistant', [toToolUse(id, body, detail)]);
      case 'agent.tool_result':
        return addResult(body['tool_use_id'], body);
      case 'agent.mcp_tool_result':
        return addResult(body['mcp_tool_use_id'], body);
      case 'user.custom_tool_result':
        return addResult(body['custom_tool_use_id'], body);
      default:
        return;
    }
  }

  return {
    messages,
    append(events) {
      for (const event of events) appendOne(event);
    },
  };
}

function toToolUse(id: string, body: JsonObject, detail: Json | null): ToolUseBlock {
  const input = body['input'];
  const block: ToolUseBlock = {
    type: 'tool_use',
    id,
    name: typeof body['name'] === 'string' ? body['name'] : '',
    input: isObject(input) ? input : {},
  };
  if (isVendorCall(detail)) block.vendor = detail;
  return block;
}

/** The journal holds only content blocks that passed the API's schemas or came from our own tools. */
function contentOf(body: JsonObject): ContentBlock[] {
  const { content } = body;
  return Array.isArray(content) ? (content as object[] as ContentBlock[]) : [];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOpaque(detail: Json | null): detail is Json & OpaqueBlock {
  return isObject(detail ?? undefined) && (detail as JsonObject)['type'] === 'opaque';
}

function isVendorCall(detail: Json | null): detail is Json & NonNullable<ToolUseBlock['vendor']> {
  return isObject(detail ?? undefined) && typeof (detail as JsonObject)['provider'] === 'string';
}
