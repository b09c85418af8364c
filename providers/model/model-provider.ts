import type { Json, JsonObject } from '../../core/json.ts';
import type { RequestSettings } from '../../core/models/request-settings.ts';
import type { OpaqueBlock, TranscriptMessage } from '../../core/session/content.ts';
import type { Answered } from './vendor/answered.ts';
import type { ServerAddress } from './vendor/servers.ts';

/** A tool as the model sees it. `input_schema` is a JSON Schema of type object. */
export interface ToolDefinition {
  name: string;
  description: string;
  input_schema: JsonObject;
}

export interface ModelRequest {
  /** The vendor's model id. */
  model: string;
  system: string;
  /** Valid by construction: roles alternate after merging, every tool use is answered before anything else is said. */
  messages: TranscriptMessage[];
  tools: ToolDefinition[];
  /** Tokens the answer may have; the adapter passes it on. */
  maxOutputTokens: number;
  /** The model's window as far as it is known, where that may be less than the catalogue's: it tells what cut an answer off. */
  contextWindow?: number;
  effort?: 'low' | 'medium' | 'high' | 'xhigh' | 'max';
  speed?: 'standard' | 'fast';
  /** Only what the model takes. */
  settings?: RequestSettings;
  /** Stable per session; vendors use it to route to a warm cache. */
  sessionId: string;
}

/** One content block of a complete response, in the model's order. */
export type ResponseBlock =
  | { type: 'text'; text: string }
  /** Thinking; `opaque` goes back to the same provider in the next request. */
  | { type: 'thinking'; opaque: OpaqueBlock }
  | {
      type: 'tool_use';
      name: string;
      /** null when the arguments are not a JSON object; then `rawInput` holds what came and the call is never run. */
      input: JsonObject | null;
      rawInput?: string;
      vendor: { provider: string; callId: string | null; data?: Json };
    };

export interface ModelUsage {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_5m_input_tokens: number;
  cache_creation_1h_input_tokens: number;
}

export interface ModelResponse {
  blocks: ResponseBlock[];
  /**
   * Why the model stopped. `max_tokens` and `context_overflow` cut the response: a tool use that was cut is left out of `blocks`
   * or has `input: null`. `paused`: the vendor paused and wants to be asked to go on. `malformed_call`: the vendor could not read a call
   * that the model wrote, and left it out. `missing_call`: the vendor says that it ends with a call, but there is none in it.
   */
  stop:
    | 'end_turn'
    | 'tool_use'
    | 'max_tokens'
    | 'context_overflow'
    | 'refusal'
    | 'paused'
    | 'malformed_call'
    | 'missing_call';
  /** What the vendor said of the end, where that tells more than `stop`: why a call was malformed, or a word that no table has. */
  said?: string;
  /** With `refusal`: what the vendor said about it. */
  refusal?: { category: string | null; explanation: string | null };
  usage: ModelUsage;
  /** The vendor's request id, for logs. */
  requestId?: string;
  /** For traces. */
  answered?: Answered;
}

/**
 * What a stream yields. Starts and deltas are previews for people; only `finish` counts, is the last part and carries the whole
 * response. `index` numbers the content blocks of the response from 0, thinking and tool uses included. `usage` says what the vendor
 * has counted so far, as running totals, where it tells before the end: what a request that is broken off has used by then.
 */
export type ModelStreamPart =
  | { type: 'block-start'; index: number; block: 'text' | 'thinking' | 'tool_use' }
  | { type: 'text-delta'; index: number; text: string }
  | { type: 'usage'; usage: ModelUsage }
  | { type: 'finish'; response: ModelResponse };

/**
 * One vendor behind one connection. Adapters are safe for concurrent use, and keep nothing but what they found out about their vendor.
 *
 * `stream` sends one request and retries nothing: the activity owns retries. Only where the vendor refuses its own data in the history is
 * the conversation sent once more, without it or in another form (`history/history-repair.ts`), and where a cloud refuses a token that was
 * taken back, with another. It fails only with an `AppError` of a `model_*` code
 * (with `retryAfterMs` where the vendor named a time); a stream that ends before the vendor's own end marker, stalls (no content for
 * the configured time, pings do not count) or breaks the protocol is `model_unreachable`. Aborting `signal` ends the stream and the
 * connection at once; the iterator then throws the signal's reason.
 */
export interface ModelProvider {
  /** Tags opaque blocks: `anthropic`, `openai`, `gemini`, `demo`. */
  readonly name: string;
  /** Where requests go, for traces; absent where nothing is asked over the network. */
  readonly server?: ServerAddress;
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelStreamPart>;
  /**
   * How many tokens the vendor counts for the request, without sending it to the model; null where the vendor has no counter, for the
   * caller to estimate. Fails as `stream` does.
   */
  countTokens?(request: ModelRequest, signal: AbortSignal): Promise<number | null>;
}
