import { z } from 'zod';
import { describeModel } from '../../core/models/known/describe.ts';
import { isOtherKind } from '../../core/models/known/vendor-of.ts';
import type { ModelSetting, PriceSetting } from '../../core/models/model-setting.ts';

/** A model as a server lists it, with what it says of it. */
export type ListedModel = Omit<ModelSetting, 'provider' | 'base_url'>;

/**
 * The models of an OpenAI-compatible list that can converse. Servers name the same things in their own ways and leave out most of them; an
 * item that cannot be read is passed over. Undefined where it is no list.
 */
export function readOpenAiList(body: unknown): ListedModel[] | undefined {
  const lists = OpenAiLists.safeParse(body).data;
  const items = Array.isArray(lists) ? lists : (lists?.data ?? lists?.models);
  if (items === undefined || items === null) return undefined;
  const beside = Array.isArray(lists) || !Array.isArray(lists?.models) ? [] : lists.models;
  return items.flatMap((item) => {
    const { data: model } = Item.safeParse(item);
    if (model === undefined || !converses(model)) return [];
    // llama.cpp says what a model can do in a second list.
    const twin = beside.map((other) => Twin.safeParse(other).data).find((other) => other?.name === model.id);
    return [settingOf(model, twin?.capabilities ?? [])];
  });
}

const Tokens = z
  .preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
    z.int().positive(),
  )
  .nullish()
  .catch(null);
const Text = z.string().nullish().catch(null);
const Flag = z.boolean().nullish().catch(null);
const Words = z.array(z.string()).nullish().catch(null);
const Money = z.union([z.string(), z.number()]).nullish().catch(null);

const OpenAiLists = z.union([
  z.array(z.unknown()),
  z.looseObject({ data: z.array(z.unknown()).nullish(), models: z.array(z.unknown()).nullish() }),
]);
const Twin = z.looseObject({ name: z.string(), capabilities: Words });

const loose = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.looseObject(shape).nullish().catch(null);

const Item = z.looseObject({
  id: z.string().min(1).max(256),
  name: Text,
  display_name: Text,
  type: Text,
  active: Flag,
  // vLLM and SGLang; OpenRouter, Together, Fireworks, Moonshot; Groq, Vercel; LM Studio, Mistral; Novita; LiteLLM.
  max_model_len: Tokens,
  context_length: Tokens,
  context_window: Tokens,
  loaded_context_length: Tokens,
  max_context_length: Tokens,
  context_size: Tokens,
  max_input_tokens: Tokens,
  // Groq; LiteLLM, Novita; Vercel; Chutes.
  max_completion_tokens: Tokens,
  max_output_tokens: Tokens,
  max_tokens: Tokens,
  max_output_length: Tokens,
  // llama.cpp, DeepInfra.
  meta: loose({ n_ctx: Tokens, n_ctx_train: Tokens }),
  metadata: loose({ context_length: Tokens }),
  // OpenRouter.
  top_provider: loose({ context_length: Tokens, max_completion_tokens: Tokens }),
  architecture: loose({ input_modalities: Words, output_modalities: Words }),
  supported_parameters: Words,
  pricing: loose({
    prompt: Money,
    completion: Money,
    input: Money,
    output: Money,
    input_cache_read: Money,
    input_cache_write: Money,
    cached_input: Money,
  }),
  // Chutes; Fireworks; Moonshot; Vercel.
  input_modalities: Words,
  supports_chat: Flag,
  supports_tools: Flag,
  supports_image_input: Flag,
  supports_image_in: Flag,
  tags: Words,
  // Mistral's flags, GitHub Copilot's groups, or a list of words in LM Studio.
  capabilities: z
    .union([
      z.array(z.string()),
      z.looseObject({
        completion_chat: Flag,
        function_calling: Flag,
        vision: Flag,
        type: Text,
        limits: loose({ max_context_window_tokens: Tokens, max_output_tokens: Tokens }),
        supports: loose({ vision: Flag, tool_calls: Flag }),
      }),
    ])
    .nullish()
    .catch(null),
});
type Item = z.infer<typeof Item>;

const OTHER_TYPES = /embed|image|audio|rerank|moderation|video|speech|transcri|tts|ocr/i;

function converses(model: Item): boolean {
  const { capabilities, architecture } = model;
  const said = Array.isArray(capabilities) ? null : capabilities;
  return (
    !isOtherKind(model.id) &&
    !OTHER_TYPES.test(model.type ?? said?.type ?? '') &&
    model.active !== false &&
    model.supports_chat !== false &&
    said?.completion_chat !== false &&
    architecture?.output_modalities?.includes('text') !== false
  );
}

function settingOf(model: Item, twin: readonly string[]): ListedModel {
  const { capabilities } = model;
  const said = Array.isArray(capabilities) ? null : capabilities;
  const window = windowOf(model, said?.limits?.max_context_window_tokens);
  const output =
    model.top_provider?.max_completion_tokens ??
    model.max_completion_tokens ??
    model.max_output_tokens ??
    model.max_output_length ??
    model.max_tokens ??
    said?.limits?.max_output_tokens;
  const name = model.display_name ?? model.name;
  const tools = toolsOf(model);
  const sees = seesOf(model, twin);
  const prices = pricesOf(model.pricing);
  return {
    id: model.id,
    ...(name ? { display_name: name } : {}),
    ...(window ? { context_window: window } : {}),
    // A server that names its whole window for the answer names no limit.
    ...(output && output !== window ? { max_output_tokens: output } : {}),
    ...(tools === null ? {} : { tools }),
    ...(sees === null ? {} : { images: sees ? {} : { max_count: 0 } }),
    ...(prices === null ? {} : { prices }),
    ...thinkingOf(model),
  };
}

function windowOf(model: Item, limit: number | null | undefined): number | null | undefined {
  const router = model.top_provider?.context_length;
  const { context_length: length } = model;
  return (
    model.max_model_len ??
    (router && length ? Math.min(router, length) : length) ??
    model.context_window ??
    model.loaded_context_length ??
    model.max_context_length ??
    model.context_size ??
    model.max_input_tokens ??
    limit ??
    model.metadata?.context_length ??
    model.meta?.n_ctx ??
    model.meta?.n_ctx_train
  );
}

function toolsOf({
  supported_parameters: parameters,
  supports_tools,
  capabilities,
  tags,
}: Item): boolean | null {
  if (parameters) return parameters.includes('tools');
  if (typeof supports_tools === 'boolean') return supports_tools;
  if (Array.isArray(capabilities)) return capabilities.includes('tool_use') ? true : null;
  const said = capabilities?.function_calling ?? capabilities?.supports?.tool_calls;
  return said ?? (tags?.includes('tool-use') ? true : null);
}

function seesOf(model: Item, twin: readonly string[]): boolean | null {
  const { capabilities, architecture, tags } = model;
  const modalities = architecture?.input_modalities ?? model.input_modalities;
  if (modalities) return modalities.includes('image');
  const said = Array.isArray(capabilities) ? null : (capabilities?.vision ?? capabilities?.supports?.vision);
  const flag = said ?? model.supports_image_input ?? model.supports_image_in;
  if (typeof flag === 'boolean') return flag;
  const words = [...twin, ...(tags ?? []), ...(Array.isArray(capabilities) ? capabilities : [])];
  if (model.type === 'vlm' || words.some((word) => /^(vision|multimodal|image)$/.test(word))) return true;
  return model.type === 'llm' ? false : null;
}

/** What OpenRouter says of a model's thinking; the efforts are its own where the model is not known to have any. */
function thinkingOf({
  id,
  supported_parameters: parameters,
}: Item): Pick<ListedModel, 'thinking' | 'efforts'> {
  if (!parameters || parameters.length === 0) return {};
  if (!parameters.some((name) => name.startsWith('reasoning') || name === 'include_reasoning'))
    return { thinking: false };
  const known = describeModel({ id, provider: 'openai', baseUrl: 'https://openrouter.ai/api/v1' }).facts;
  const hasEffort = parameters.includes('reasoning') || parameters.includes('reasoning_effort');
  return known.efforts?.length || !hasEffort
    ? { thinking: true }
    : { thinking: true, efforts: ['low', 'medium', 'high'] };
}

/** Prices as text are those of one token (OpenRouter, Vercel), and as numbers those of a million (Together, Chutes). */
function pricesOf(pricing: Item['pricing']): PriceSetting | null {
  const [input, output] = [
    perMillion(pricing?.prompt ?? pricing?.input),
    perMillion(pricing?.completion ?? pricing?.output),
  ];
  if (!pricing || input === null || output === null) return null;
  // A number of nothing is no price that was set; a model that is free says so in words.
  if (input === 0 && output === 0 && typeof (pricing.prompt ?? pricing.input) !== 'string') return null;
  const read = perMillion(pricing.input_cache_read ?? pricing.cached_input);
  const write = perMillion(pricing.input_cache_write);
  return {
    input,
    output,
    ...(read === null ? {} : { cache_read: read }),
    ...(write === null ? {} : { cache_write_5m: write, cache_write_1h: write }),
  };
}

function perMillion(price: string | number | null | undefined): number | null {
  if (price === null || price === undefined || price === '') return null;
  const value = Number(price) * (typeof price === 'string' ? 1_000_000 : 1);
  // Routers say -1 for a price that depends on where they go.
  return Number.isFinite(value) && value >= 0 && value < 100_000 ? Number(value.toPrecision(9)) : null;
}
