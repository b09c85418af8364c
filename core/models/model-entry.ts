import type { JsonObject } from '../json.ts';

/** Whose form of requests a model takes, and whose models are known of it. */
export type ModelProviderKind = 'anthropic' | 'openai' | 'gemini' | 'demo';
export type OpenAiApi = 'chat_completions' | 'responses';
export type Effort = 'low' | 'medium' | 'high' | 'xhigh' | 'max';

/** List prices in US dollars per million tokens. */
export interface ModelPrices {
  input: number;
  output: number;
  cache_read: number;
  cache_write_5m: number;
  cache_write_1h: number;
  /** What `speed: fast` multiplies every price by; absent where the model has no fast mode. */
  fast_multiplier?: number;
  /** Prices of a request whose whole prompt, cached parts included, is longer than `above` tokens. */
  long_context?: { above: number } & Rates;
  /** Prices that hold for a time in place of these; the last one that holds counts. */
  periods?: readonly PricePeriod[];
}

export type Rates = Pick<
  ModelPrices,
  'input' | 'output' | 'cache_read' | 'cache_write_5m' | 'cache_write_1h'
>;

/** Prices with the time for which they hold, RFC 3339: from the one moment on, until before the other. */
export type PricePeriod = { from?: string; until?: string } & Omit<ModelPrices, 'periods'>;

/** What images a model takes. Sizes are of the decoded file, not of its base64 form. */
export interface ImageLimits {
  maxCount: number;
  maxBytes: number;
  maxPixelsPerSide: number;
  mediaTypes: readonly string[];
}

/**
 * How a model thinks. `adaptive`: it decides by itself and takes an effort; `budget`: a number of tokens is set per request;
 * `effort`: it decides by itself, and a reasoning effort is set per request where it knows any; `none`: it does not.
 */
export type Thinking = 'adaptive' | 'budget' | 'effort' | 'none';

/** Which of a model's own reasoning goes back to it: all of it, that of the tool loop which goes on, or none. */
export type ReasoningHistory = 'all' | 'loop' | 'none';

/**
 * The form of a model's requests, as far as settings depend on it. `cloud_messages` is Claude's at Bedrock, Vertex AI and Azure; `chat` is
 * that of OpenAI and Azure, `compatible` that of all other servers of the protocol, but for those that refuse what others take and have names
 * of their own; `converse` is Bedrock's for all models but Claude.
 */
export type Wire =
  | 'messages'
  | 'cloud_messages'
  | 'responses'
  | 'chat'
  | 'compatible'
  | 'groq'
  | 'mistral'
  | 'xai'
  | 'gemini'
  | 'converse';

/** How a model is reached, where that differs from its provider's own connection. */
export interface ModelConnection {
  baseUrl?: string;
  apiKey?: string;
  /** The file that the key came from. */
  apiKeyFile?: string;
  /** Requests that one process has under way with this model at once. */
  maxConcurrent?: number;
  /** OpenAI only. */
  api?: OpenAiApi;
  extraHeaders: Record<string, string>;
  extraBody: JsonObject;
}

/** One model that agents may name, with everything known about it. */
export interface ModelEntry {
  /** The name agents use. */
  id: string;
  displayName: string;
  provider: ModelProviderKind;
  /** The connection that it is reached by: a name below `providers` in the configuration. Default: that of its provider. */
  connectionName?: string;
  /** The name sent to the vendor. */
  vendorModel: string;
  /** Tokens that a request and its answer may have together. */
  contextWindow: number;
  maxOutputTokens: number;
  tools: boolean;
  /** null: the model takes no images. */
  images: ImageLimits | null;
  /** Whether PDF documents go to the model as they are; otherwise their text is extracted first. */
  pdf: boolean;
  thinking: Thinking;
  /** Efforts the model knows; empty where it has none. */
  efforts: readonly Effort[];
  /** Which of its reasoning goes back to it, where the configuration says so; else what is known of its vendor. */
  reasoningHistory?: ReasoningHistory;
  /** The effort of a request that names none; null where the model has none. */
  defaultEffort: Effort | null;
  /** The form of its requests, by which an agent's settings are judged; absent where it has none of them. */
  wire?: Wire;
  /** false: it refuses `temperature`, `top_p` and `top_k` wherever it is asked. */
  sampling?: boolean;
  /** It thinks where nothing is said of thinking, so that it must be told where it should not. */
  thinksUnasked?: boolean;
  /** Whether `speed: fast` exists for it. */
  fastMode: boolean;
  /** Whether a system message may stand between the others. */
  midConversationSystem: boolean;
  /** null: unknown, so nothing that runs on it has a list cost. */
  prices: ModelPrices | null;
  /** When the vendor ends it, RFC 3339; absent where no end is known. */
  retiresAt?: string;
  /** Ids of the models to go on with, in order, when this one is down or out of quota. */
  fallback: readonly string[];
  /** When the vendor released it, RFC 3339; the epoch where unknown. */
  createdAt: string;
  connection: ModelConnection;
}
