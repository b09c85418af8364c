import { z } from 'zod';
import { queryInteger, queryList } from './query.ts';

const Lifecycle = z.enum(['active', 'deprecated', 'retired']);

export const ModelListQuery = z.object({
  limit: queryInteger(1, 1_000).default(20),
  after_id: z.string().max(256).optional(),
  before_id: z.string().max(256).optional(),
  lifecycle: queryList(Lifecycle, 3).optional(),
});

/** A model as the API shows it. */
export const ModelInfo = z
  .looseObject({
    id: z.string(),
    type: z.literal('model'),
    display_name: z.string(),
    created_at: z.iso.datetime(),
    lifecycle: Lifecycle,
    line: z.string().nullable(),
    max_input_tokens: z.int().nullable(),
    max_tokens: z.int().nullable(),
    capabilities: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'ModelInfo' });

export const ModelPage = z.object({
  data: z.array(ModelInfo),
  has_more: z.boolean(),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
});
