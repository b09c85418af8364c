import type { BetaManagedAgentsModelConfig } from '@anthropic-ai/sdk/resources/beta/agents/agents';
import { z } from 'zod';

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

/** A model as clients name it: its id, or the id with settings. */
export const ModelParams = z
  .union([
    ModelId,
    z.strictObject({
      id: ModelId,
      effort: z.union([z.enum(LEVELS), Effort]).nullish(),
      inference_geo: z.string().min(1).max(64).nullish(),
      speed: z.enum(['standard', 'fast']).nullish(),
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
  })
  .meta({ id: 'ModelConfig' }) satisfies z.ZodType<BetaManagedAgentsModelConfig>;
