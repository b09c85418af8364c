import { z } from 'zod';
import { CallArguments, FunctionName } from './function-rules.ts';

/** A chat completions request, as far as this service has a use for it; anything else in it is a violation. */
const Text = z.strictObject({ type: z.literal('text'), text: z.string().min(1) });
const UserPart = z.discriminatedUnion('type', [
  Text,
  z.strictObject({ type: z.literal('image_url'), image_url: z.strictObject({ url: z.string().min(1) }) }),
  z.strictObject({
    type: z.literal('file'),
    file: z.strictObject({ filename: z.string().min(1), file_data: z.string().min(1) }),
  }),
]);

const Visible = z.string().regex(/\S/, 'text without a visible character');

export const ChatMessage = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: Visible }),
  z.strictObject({ role: z.literal('user'), content: z.union([Visible, z.array(UserPart).min(1)]) }),
  z.strictObject({
    role: z.literal('assistant'),
    content: Visible.nullable(),
    tool_calls: z
      .array(
        z.strictObject({
          id: z.string().min(1),
          type: z.literal('function'),
          function: z.strictObject({ name: FunctionName, arguments: CallArguments }),
        }),
      )
      .min(1)
      .optional(),
    reasoning_content: z.string().optional(),
    reasoning: z.string().optional(),
    reasoning_details: z.array(z.record(z.string(), z.json())).optional(),
  }),
  z.strictObject({ role: z.literal('tool'), tool_call_id: z.string().min(1), content: z.string().min(1) }),
]);
export type ChatMessage = z.infer<typeof ChatMessage>;

export const ChatRequest = z.strictObject({
  model: z.string().min(1),
  messages: z.array(ChatMessage).min(1),
  stream: z.literal(true),
  stream_options: z.strictObject({ include_usage: z.literal(true) }),
  max_tokens: z.int().positive().optional(),
  max_completion_tokens: z.int().positive().optional(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({
          name: FunctionName,
          description: z.string().optional(),
          parameters: z.record(z.string(), z.json()).optional(),
        }),
      }),
    )
    .min(1)
    .max(128)
    .optional(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
  prompt_cache_key: z.string().min(1).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().optional(),
  seed: z.int().optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  presence_penalty: z.number().min(-2).max(2).optional(),
  stop: z.array(z.string().min(1)).min(1).max(4).optional(),
  verbosity: z.enum(['low', 'medium', 'high']).optional(),
  service_tier: z.enum(['auto', 'default', 'flex', 'priority']).optional(),
  store: z.boolean().optional(),
});
export type ChatRequest = z.infer<typeof ChatRequest>;
