import type { Json, JsonObject } from '../json.ts';
import { cutNote, readAnswerCut } from './answer-cut.ts';
import { keptFromOf } from './context/compacted-event.ts';
import { summaryMessage } from './context/compaction.ts';
import type { ContextSource } from './context/plan-context.ts';
import type { TokenCount } from './context/token-count.ts';
import type { OpaqueBlock, ToolUseBlock, TranscriptBlock, TranscriptMessage } from './content.ts';
import { eventContent } from './event-content.ts';

/** What the transcript reads of a journaled event. Bodies are whole: large strings are back in place. */
export interface TranscriptEvent {
  seq: number;
  id: string;
  type: string;
  body: JsonObject;
  detail: Json | null;
}

/** What a session's log comes to at one place of it. */
export interface TranscriptView extends ContextSource {
  /** The `seq` of each message's first event; for a summary, of the compaction. */
  starts: readonly number[];
}

/**
 * Turns a session's log into what a model is told. Append-only: more events extend the messages and never change what stands, so
 * that the same events always give the same bytes and the provider's prompt cache keeps hitting. Only a compaction, itself an event,
 * replaces what stands before it.
 *
 * It may begin with the first event that the last compaction kept: the messages are the same as of the whole log.
 */
export interface Transcript {
  append(events: readonly TranscriptEvent[]): void;
  /** The messages so far. What was handed out never changes. */
  view(): TranscriptView;
}

export function createTranscript(): Transcript {
  let messages: TranscriptMessage[] = [];
  let starts: number[] = [];
  let counts: TokenCount[] = [];
  let summarised = false;
  /** Tool uses without a result: only these can be answered. */
  const pending = new Set<string>();
  /** How many messages have been handed out: from then on they are replaced, not changed. */
  let handedOut = 0;

  function add(role: TranscriptMessage['role'], seq: number, blocks: TranscriptBlock[]): void {
    if (blocks.length === 0) return;
    const last = messages.at(-1);
    if (last?.role !== role) {
      messages.push({ role, content: [...blocks] });
      starts.push(seq);
    } else if (messages.length > handedOut) {
      for (const block of blocks) last.content.push(block);
    } else {
      messages[messages.length - 1] = { role, content: [...last.content, ...blocks] };
      handedOut = messages.length - 1;
    }
  }

  function addResult(seq: number, toolUseId: unknown, body: JsonObject): void {
    if (typeof toolUseId !== 'string' || !pending.delete(toolUseId)) return;
    const content = eventContent(body);
    add('user', seq, [
      { type: 'tool_result', tool_use_id: toolUseId, content, is_error: body['is_error'] === true },
    ]);
  }

  /** What the vendor counted belongs to the messages that end with its answer. */
  function addCount(body: JsonObject): void {
    const usage = body['model_usage'];
    if (body['is_error'] !== false || !isObject(usage) || messages.at(-1)?.role !== 'assistant') return;
    const tokens = COUNTED.reduce((sum, field) => sum + (Number(usage[field]) || 0), 0);
    counts.push({ upTo: messages.length, tokens });
  }

  /** Behind an answer that fell short stands what the model is told to go on with. */
  function askToGoOn(seq: number, detail: Json | null): void {
    const cut = isObject(detail ?? undefined) ? readAnswerCut((detail as JsonObject)['cut']) : null;
    const text = cut && cutNote(cut);
    if (text !== null) add('user', seq, [{ type: 'text', text }]);
  }

  function compact(seq: number, body: JsonObject, detail: Json | null): void {
    const index = starts.indexOf(keptFromOf(detail) ?? -1);
    // Where the transcript begins behind it, a later compaction replaces this one and what it kept.
    if (index === -1) return;
    const summary = typeof body['summary'] === 'string' ? body['summary'] : '';
    messages = [summaryMessage(summary), ...messages.slice(index)];
    starts = [seq, ...starts.slice(index)];
    counts = [];
    summarised = true;
    handedOut = messages.length;
  }

  function appendOne({ seq, id, type, body, detail }: TranscriptEvent): void {
    switch (type) {
      case 'user.message':
        return add('user', seq, eventContent(body));
      case 'system.message':
        return add('system', seq, eventContent(body));
      case 'agent.thinking':
        return add('assistant', seq, isOpaque(detail) ? [detail] : []);
      case 'agent.message':
        return add('assistant', seq, eventContent(body));
      case 'agent.tool_use':
      case 'agent.custom_tool_use':
      case 'agent.mcp_tool_use':
        pending.add(id);
        return add('assistant', seq, [toToolUse(id, body, detail)]);
      case 'agent.tool_result':
        return addResult(seq, body['tool_use_id'], body);
      case 'agent.mcp_tool_result':
        return addResult(seq, body['mcp_tool_use_id'], body);
      case 'user.custom_tool_result':
        return addResult(seq, body['custom_tool_use_id'], body);
      case 'span.model_request_end':
        addCount(body);
        return askToGoOn(seq, detail);
      case 'agent.thread_context_compacted':
        return compact(seq, body, detail);
      default:
        return;
    }
  }

  return {
    append(events) {
      for (const event of events) appendOne(event);
    },
    view() {
      handedOut = messages.length;
      return { messages: [...messages], starts: [...starts], counts: [...counts], summarised };
    },
  };
}

/** What a request and its answer fill of the window, in the fields of the API's `model_usage`. */
const COUNTED = [
  'input_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'output_tokens',
] as const;

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

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOpaque(detail: Json | null): detail is Json & OpaqueBlock {
  return isObject(detail ?? undefined) && (detail as JsonObject)['type'] === 'opaque';
}

function isVendorCall(detail: Json | null): detail is Json & NonNullable<ToolUseBlock['vendor']> {
  return isObject(detail ?? undefined) && typeof (detail as JsonObject)['provider'] === 'string';
}
