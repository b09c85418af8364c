import type { ModelEntry, Wire } from './model-entry.ts';

/** What an agent may set of its model's requests besides effort and speed. What is absent is the vendor's own choice. */
export interface RequestSettings {
  temperature?: number;
  top_p?: number;
  top_k?: number;
  seed?: number;
  frequency_penalty?: number;
  presence_penalty?: number;
  stop_sequences?: string[];
  /** OpenAI's: how much is said. */
  verbosity?: 'low' | 'medium' | 'high';
  /** The vendor's class of service. */
  service_tier?: 'auto' | 'default' | 'flex' | 'priority' | 'standard_only';
  /** How long the vendor keeps the prompt cached; Anthropic's. Writing for an hour costs twice the input price. */
  prompt_cache_ttl?: '5m' | '1h';
}

export type RequestSetting = keyof RequestSettings;

export const REQUEST_SETTINGS: readonly RequestSetting[] = [
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'frequency_penalty',
  'presence_penalty',
  'stop_sequences',
  'verbosity',
  'service_tier',
  'prompt_cache_ttl',
];

const SAMPLING = ['temperature', 'top_p'] as const;
const PENALTIES = ['frequency_penalty', 'presence_penalty'] as const;

/**
 * What each form has. `thinking` is what a model that thinks takes too: OpenAI's and Anthropic's refuse to have their sampling changed, by
 * https://platform.openai.com/docs/guides/reasoning and https://docs.claude.com/en/docs/build-with-claude/extended-thinking.
 */
const TAKES: Record<Wire, { always: readonly RequestSetting[]; unlessThinking: readonly RequestSetting[] }> =
  {
    messages: {
      always: ['stop_sequences', 'service_tier', 'prompt_cache_ttl'],
      unlessThinking: [...SAMPLING, 'top_k'],
    },
    cloud_messages: {
      always: ['stop_sequences', 'prompt_cache_ttl'],
      unlessThinking: [...SAMPLING, 'top_k'],
    },
    converse: { always: [...SAMPLING, 'stop_sequences'], unlessThinking: [] },
    responses: { always: ['verbosity', 'service_tier'], unlessThinking: SAMPLING },
    chat: {
      always: ['verbosity', 'service_tier', 'seed'],
      unlessThinking: [...SAMPLING, ...PENALTIES, 'stop_sequences'],
    },
    compatible: {
      always: [...SAMPLING, 'top_k', 'seed', ...PENALTIES, 'stop_sequences'],
      unlessThinking: [],
    },
    // It has no top_k, by https://console.groq.com/docs/api-reference.
    groq: { always: [...SAMPLING, 'seed', ...PENALTIES, 'stop_sequences'], unlessThinking: [] },
    // It has no top_k, and its seed has another name, by https://docs.mistral.ai/api.
    mistral: { always: [...SAMPLING, ...PENALTIES, 'stop_sequences'], unlessThinking: [] },
    // "Model grok-4-1-fast-non-reasoning does not support parameter presencePenalty", and those that think no stop.
    xai: { always: [...SAMPLING, 'seed'], unlessThinking: ['stop_sequences'] },
    // "Penalty is not enabled for this model", by all since 2.5.
    gemini: { always: [...SAMPLING, 'top_k', 'seed', 'stop_sequences'], unlessThinking: PENALTIES },
  };

/** Where temperatures end at 1; by https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InferenceConfiguration.html for the last. */
const MOST_ONE: ReadonlySet<Wire | undefined> = new Set<Wire>(['messages', 'cloud_messages', 'converse']);

const isClaude = (wire: Wire | undefined): boolean => wire === 'messages' || wire === 'cloud_messages';

const TIERS: Partial<Record<Wire, readonly string[]>> = {
  messages: ['auto', 'standard_only'],
  responses: ['auto', 'default', 'flex', 'priority'],
  chat: ['auto', 'default', 'flex', 'priority'],
};

type Judged = Pick<ModelEntry, 'id' | 'thinking' | 'wire' | 'sampling'>;

const SAMPLED: readonly RequestSetting[] = [...SAMPLING, 'top_k'];

/** The settings that a model takes. */
export function settingsOf({ thinking, wire, sampling }: Omit<Judged, 'id'>): readonly RequestSetting[] {
  if (wire === undefined) return [];
  const { always, unlessThinking } = TAKES[wire];
  const own = thinking === 'none' ? [...always, ...unlessThinking] : always;
  return sampling === false ? own.filter((name) => !SAMPLED.includes(name)) : own;
}

/** Why a model does not take a setting, as the end of a sentence about it; null where it does. */
export function settingProblem(
  entry: Judged,
  settings: RequestSettings,
  name: RequestSetting,
): string | null {
  const { id, thinking, wire, sampling } = entry;
  const own = settingsOf(entry);
  if (!own.includes(name)) {
    const isForOthers = wire !== undefined && TAKES[wire].unlessThinking.includes(name);
    if (sampling === false && SAMPLED.includes(name))
      return `${id} takes no ${name} any more; its vendor refuses temperature, top_p and top_k since Claude 4.7`;
    if (isForOthers) return `${id} thinks before it answers, and its vendor takes no ${name} then`;
    return `${id} has no such setting${own.length === 0 ? '' : `; it has ${own.join(', ')}`}`;
  }
  // "`temperature` and `top_p` cannot both be specified for this model", since Opus 4.1; older ones are advised to have one of them.
  if (name === 'top_p' && isClaude(wire) && settings.temperature !== undefined)
    return `${id} takes either temperature or top_p`;
  if (name === 'temperature' && MOST_ONE.has(wire) && (settings.temperature ?? 0) > 1)
    return `${id} takes at most 1`;
  const tiers = (wire === undefined ? undefined : TIERS[wire]) ?? [];
  if (name === 'service_tier' && !tiers.includes(settings.service_tier ?? ''))
    return `${id} has the tiers ${tiers.join(', ')}`;
  // OpenAI's models that do not think have one verbosity.
  if (name === 'verbosity' && thinking === 'none' && settings.verbosity !== 'medium')
    return `${id} has no other verbosity than medium`;
  return null;
}

/** The settings that are set, without those that are left out or null. */
export function givenSettings(settings: {
  readonly [Name in RequestSetting]?: RequestSettings[Name] | null | undefined;
}): RequestSettings {
  return Object.fromEntries(
    REQUEST_SETTINGS.flatMap((name) => (settings[name] == null ? [] : [[name, settings[name]]])),
  );
}

/** Those of an agent's settings that a model takes: another one may stand in for the agent's. */
export function settingsFor(entry: Judged, settings: RequestSettings): RequestSettings {
  const given = givenSettings(settings);
  return Object.fromEntries(
    Object.entries(given).filter(([name]) => settingProblem(entry, given, name as RequestSetting) === null),
  );
}
