import type { ReadScript } from './script.ts';

/** One event of a stream. `kind` says what it carries, so that faults can be placed in every format alike. */
export interface Frame {
  kind: 'head' | 'text' | 'thinking' | 'tool-start' | 'tool-input' | 'other' | 'tail' | 'end';
  event?: string;
  data: string;
  /** Sent instead of the data: a line that means nothing. */
  comment?: string;
}

/** What the script book and the ledger need to know of a request. */
export interface RequestSummary {
  model: string;
  /** Text of the first user message. */
  firstUserText: string;
  /** Text of the last user message. */
  lastUserText: string;
  /** How often the model has answered in this conversation. */
  answers: number;
  /** Names of the tools on offer. */
  tools: string[];
}

/** What a response reports. */
export interface ReportedUsage {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_5m_input_tokens: number;
  cache_creation_1h_input_tokens: number;
  reasoning_tokens: number;
}

export interface FrameContext {
  /** Number of the request, from 1. */
  n: number;
  model: string;
  usage: ReportedUsage;
}

export interface IncomingModelRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: unknown;
}

/** One vendor's wire format. A format keeps what it issued, so that it can tell whether it comes back intact. */
export interface WireFormat {
  readonly name: string;
  matches(path: string): boolean;
  /** Everything about the request that the vendor would refuse, or that our service should never do. */
  validate(request: IncomingModelRequest): string[];
  summarise(request: IncomingModelRequest): RequestSummary;
  /** Tokens of the prompt, whether they are in a cache or not. */
  promptTokens(request: IncomingModelRequest): number;
  /** Tokens of the prompt by the simulated cache, which keeps it. */
  countPrompt(request: IncomingModelRequest): PromptCount;
  /** Where tokens are counted, for formats that have a counter: how its requests are read, and how it answers. */
  readonly counter?: {
    matches(path: string): boolean;
    /** The request as if it were for the model, to be held to the same rules. */
    asRequest(request: IncomingModelRequest): IncomingModelRequest;
    answer(tokens: number): object;
  };
  frames(script: ReadScript, context: FrameContext): Frame[];
  ping(): Frame;
  errorBody(status: number, type: string | undefined, message: string): string;
  /** What the vendor says of a prompt that is longer than its context window. */
  tooLong(tokens: number, window: number): { type?: string; message: string };
  errorFrame(type: string, message: string): Frame;
  unknownFrame(): Frame;
  readonly requestIdHeader: string;
}

export interface PromptCount {
  uncached: number;
  read: number;
  written: number;
  ttl: '5m' | '1h';
}
