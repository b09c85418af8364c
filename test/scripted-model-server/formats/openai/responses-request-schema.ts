import { z } from 'zod';
import { CallArguments, FunctionName } from './function-rules.ts';

/** A responses request, as far as this service has a use for it; anything else in it is a violation. */
const Visible = z.string().regex(/\S/, 'text without a visible character');
const InputPart = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('input_text'), text: z.string().min(1) }),
  z.strictObject({
    type: z.literal('input_image'),
    detail: z.enum(['auto', 'low', 'high']),
    image_url: z.string().min(1),
  }),
  z.strictObject({
    type: z.literal('input_file'),
    filename: z.string().min(1).optional(),
    file_data: z.string().min(1).optional(),
    file_url: z.url().optional(),
  }),
]);
const CallId = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/);

export const InputItem = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('message'),
    role: z.enum(['user', 'assistant', 'developer']),
    content: z.union([Visible, z.array(InputPart).min(1)]),
  }),
  z.strictObject({
    type: z.literal('function_call'),
    call_id: CallId,
    name: FunctionName,
    arguments: CallArguments,
  }),
  z.strictObject({
    type: z.literal('function_call_output'),
    call_id: CallId,
    output: z.union([z.string().min(1), z.array(InputPart).min(1)]),
  }),
  z.strictObject({
    type: z.literal('reasoning'),
    id: z.string().min(1),
    summary: z.array(z.strictObject({ type: z.literal('summary_text'), text: z.string() })),
    encrypted_content: z.string().min(1),
  }),
]);
export type InputItem = z.infer<typeof InputItem>;

export const ResponsesRequest = z.strictObject({
  model: z.string().min(1),
  input: z.array(InputItem).min(1),
  stream: z.literal(true),
  store: z.literal(false),
  max_output_tokens: z.int().min(16),
  prompt_cache_key: z.string().min(1).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  text: z.strictObject({ verbosity: z.enum(['low', 'medium', 'high']) }).optional(),
  service_tier: z.enum(['auto', 'default', 'flex', 'priority']).optional(),
  instructions: z.string().min(1).optional(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        name: FunctionName,
        description: z.string().optional(),
        parameters: z.record(z.string(), z.json()),
        strict: z.boolean(),
      }),
    )
    .min(1)
    .max(128)
    .optional(),
  include: z.array(z.literal('reasoning.encrypted_content')).optional(),
  reasoning: z
    .strictObject({
      effort: z.enum(['none', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
      summary: z.literal('auto').optional(),
    })
    .optional(),
});
export type ResponsesRequest = z.infer<typeof ResponsesRequest>;
