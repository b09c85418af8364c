import type { BetaManagedAgentsModelConfig } from '@anthropic-ai/sdk/resources/beta/agents/agents';
import { z } from 'zod';
import type { RequestSetting } from '../models/request-settings.ts';

const LEVELS = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

const level = <Level extends (typeof LEVELS)[number]>(name: Level) =>
  z.strictObject({ type: z.literal(name) });
const Effort = z.discriminatedUnion('type', [
  level('low'),
  level('medium'),
  level('high'),
  level('xhigh'),
  level('max'),
]);
const ModelId = z.string().min(1).max(256);

const probability = z.number().gt(0).max(1);
const penalty = z.number().min(-2).max(2);
/** Settings of the model's requests, an extension of the API; `core/models/request-settings.ts` says which model takes which. */
const settings = {
  temperature: z.number().min(0).max(2),
  top_p: probability,
  top_k: z.int().min(1).max(1_000_000),
  seed: z.int(),
  frequency_penalty: penalty,
  presence_penalty: penalty,
  stop_sequences: z
    .array(z.string().min(1).max(256).regex(/\S/, 'expected more than white space'))
    .min(1)
    .max(4),
  verbosity: z.enum(['low', 'medium', 'high']),
  service_tier: z.enum(['auto', 'default', 'flex', 'priority', 'standard_only']),
  prompt_cache_ttl: z.enum(['5m', '1h']),
} satisfies Record<RequestSetting, z.ZodType>;

/** A model as clients name it: its id, or the id with settings. */
export const ModelParams = z
  .union([
    ModelId,
    z.strictObject({
      id: ModelId,
      effort: z.union([z.enum(LEVELS), Effort]).nullish(),
      inference_geo: z.string().min(1).max(64).nullish(),
      speed: z.enum(['standard', 'fast']).nullish(),
      temperature: settings.temperature.nullish(),
      top_p: settings.top_p.nullish(),
      top_k: settings.top_k.nullish(),
      seed: settings.seed.nullish(),
      frequency_penalty: settings.frequency_penalty.nullish(),
      presence_penalty: settings.presence_penalty.nullish(),
      stop_sequences: settings.stop_sequences.nullish(),
      verbosity: settings.verbosity.nullish(),
      service_tier: settings.service_tier.nullish(),
      prompt_cache_ttl: settings.prompt_cache_ttl.nullish(),
    }),
  ])
  .meta({ id: 'ModelParams' });
export type ModelParams = z.infer<typeof ModelParams>;

/** A model with its settings, resolved. */
export const ModelConfig = z
  .object({
    id: z.string(),
    effort: Effort.exactOptional(),
    inference_geo: z.string().exactOptional(),
    speed: z.enum(['standard', 'fast']).exactOptional(),
    temperature: settings.temperature.exactOptional(),
    top_p: settings.top_p.exactOptional(),
    top_k: settings.top_k.exactOptional(),
    seed: settings.seed.exactOptional(),
    frequency_penalty: settings.frequency_penalty.exactOptional(),
    presence_penalty: settings.presence_penalty.exactOptional(),
    stop_sequences: settings.stop_sequences.exactOptional(),
    verbosity: settings.verbosity.exactOptional(),
    service_tier: settings.service_tier.exactOptional(),
    prompt_cache_ttl: settings.prompt_cache_ttl.exactOptional(),
  })
  .meta({ id: 'ModelConfig' }) satisfies z.ZodType<BetaManagedAgentsModelConfig>;
