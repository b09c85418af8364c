import { z } from 'zod';
import { OpenAiApi } from './connections.ts';

const Price = z.number().min(0);

const rates = {
  input: Price.optional(),
  output: Price.optional(),
  cache_read: Price.optional().describe('Default: as input.'),
  cache_write_5m: Price.optional().describe('Default: as input.'),
  cache_write_1h: Price.optional().describe('Default: as cache_write_5m.'),
};

const prices = {
  ...rates,
  fast_multiplier: z.number().positive().optional().describe('What speed: fast multiplies them by.'),
  long_context: z
    .strictObject({ above: z.int().positive().describe('Tokens of the whole prompt.'), ...rates })
    .optional()
    .describe('Prices of a request with a longer prompt.'),
};

/** A day, from its midnight in UTC, or a moment. */
const Day = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

const Effort = z.enum(['low', 'medium', 'high', 'xhigh', 'max']);

const Model = z.strictObject({
  id: z.string().min(1).max(256).describe('Name under which agents use it.'),
  provider: z
    .string()
    .min(1)
    .describe('The connection that it is reached by: a name below providers, or demo.'),
  like: z
    .string()
    .min(1)
    .optional()
    .describe('Another model, listed or known, that it takes after in all that is not said here.'),
  display_name: z.string().min(1).optional().describe('Name shown to people; default: the id.'),
  vendor_model: z.string().min(1).optional().describe('Name sent to the vendor; default: the id.'),
  api: OpenAiApi.optional().describe('OpenAI only: which of its two APIs; default: providers.openai.api.'),
  base_url: z.url().optional().describe('Base URL; default: that of the provider.'),
  api_key: z.string().min(1).optional().describe('API key; default: that of the provider.'),
  api_key_env: z.string().min(1).optional().describe('Environment variable that holds the key.'),
  api_key_file: z.string().min(1).optional().describe('File that holds the key.'),
  context_window: z
    .int()
    .positive()
    .optional()
    .describe('Tokens that a request and its answer may have together.'),
  max_output_tokens: z.int().positive().optional().describe('Tokens that an answer may have.'),
  tools: z.boolean().optional().describe('Whether the model takes tools; default: yes.'),
  thinking: z
    .union([z.boolean(), z.enum(['adaptive', 'budget', 'effort', 'none'])])
    .optional()
    .describe(
      'Whether it can think before it answers, or how: adaptive or budget (anthropic), budget or effort (gemini), effort (openai), none.',
    ),
  efforts: z.array(Effort).optional().describe('Efforts that agents may name.'),
  default_effort: Effort.optional().describe('The effort of an agent that names none.'),
  pdf: z.boolean().optional().describe('Whether PDFs go to it as they are; else as their text.'),
  mid_conversation_system: z
    .boolean()
    .optional()
    .describe('Whether a system message may stand between the others.'),
  fast_mode: z.boolean().optional().describe('Whether it has speed: fast (anthropic).'),
  released: Day.optional().describe('Day of its release.'),
  retires: Day.optional().describe('Day from which its vendor no longer offers it.'),
  reasoning_history: z
    .enum(['all', 'loop', 'none'])
    .optional()
    .describe(
      'What of its reasoning goes back: all, that of the tool loop, or none; default: as its vendor wants.',
    ),
  images: z
    .strictObject({
      max_count: z.int().min(0).optional().describe('Images per request; 0: takes none.'),
      max_bytes: z.int().positive().optional().describe('Bytes of one image.'),
      max_pixels_per_side: z.int().positive().optional().describe('Longer side of one image.'),
      media_types: z.array(z.string().min(1)).optional().describe('Accepted types, such as image/png.'),
    })
    .optional()
    .describe('What images it takes.'),
  prices: z
    .strictObject({
      ...prices,
      periods: z
        .array(z.strictObject({ from: Day.optional(), until: Day.optional(), ...prices }))
        .optional()
        .describe(
          'Prices that hold from and until a day in place of the others; the last that holds counts.',
        ),
    })
    .optional()
    .describe('US dollars per million tokens.'),
  fallback: z
    .array(z.string().min(1))
    .optional()
    .describe('Models to go on with, in order, when this one is down or out of quota.'),
  max_concurrent_requests: z
    .int()
    .positive()
    .optional()
    .describe('Requests that a worker has under way with this model at once; default: that of the provider.'),
  extra_headers: z.record(z.string(), z.string()).optional().describe('Headers added to each request.'),
  extra_body: z.record(z.string(), z.json()).optional().describe('Fields added to the body of each request.'),
});

/** The catalogue; entries with the id of a built-in model replace its fields. */
export const ModelList = z
  .array(Model)
  .default([])
  .describe('Models besides the built-in ones, or changes to these.');

/** What agents get that name no model of their own, such as the one of the simple door. */
export const DefaultModel = z
  .string()
  .min(1)
  .nullable()
  .default(null)
  .describe('Model where none is named; null: that of the first provider with a key, else demo.');
