import { z } from 'zod';

/** The Messages API's request, as far as this service has a use for it; anything else in it is a violation. */
const CacheControl = z.strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() });
const cache = { cache_control: CacheControl.optional() };

const Base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/, 'is no base64');

const Text = z.strictObject({ type: z.literal('text'), text: z.string().min(1), ...cache });
const Image = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z.enum(['image/jpeg', 'image/png', 'image/gif', 'image/webp']),
      data: Base64,
    }),
    z.strictObject({ type: z.literal('url'), url: z.url() }),
  ]),
  ...cache,
});
const Document = z.strictObject({
  type: z.literal('document'),
  source: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('base64'), media_type: z.literal('application/pdf'), data: Base64 }),
    z.strictObject({ type: z.literal('text'), media_type: z.literal('text/plain'), data: z.string().min(1) }),
    z.strictObject({ type: z.literal('url'), url: z.url() }),
  ]),
  title: z.string().min(1).max(500).optional(),
  context: z.string().min(1).optional(),
  ...cache,
});
const SearchResult = z.strictObject({
  type: z.literal('search_result'),
  source: z.string().min(1),
  title: z.string().min(1),
  content: z.array(z.strictObject({ type: z.literal('text'), text: z.string().min(1) })).min(1),
  citations: z.strictObject({ enabled: z.boolean() }).optional(),
  ...cache,
});
const CallId = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/);
const ToolName = z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/);
const ToolUse = z.strictObject({
  type: z.literal('tool_use'),
  id: CallId,
  name: ToolName,
  input: z.record(z.string(), z.json()),
  ...cache,
});
const ToolResult = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: CallId,
  content: z.array(z.discriminatedUnion('type', [Text, Image, Document, SearchResult])).optional(),
  is_error: z.boolean().optional(),
  ...cache,
});
const Thinking = z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() });
const RedactedThinking = z.strictObject({ type: z.literal('redacted_thinking'), data: z.string().min(1) });

const UserBlock = z.discriminatedUnion('type', [Text, Image, Document, SearchResult, ToolResult]);
const AssistantBlock = z.discriminatedUnion('type', [Text, ToolUse, Thinking, RedactedThinking]);

export const Message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('user'), content: z.array(UserBlock).min(1) }),
  z.strictObject({ role: z.literal('assistant'), content: z.array(AssistantBlock).min(1) }),
  z.strictObject({ role: z.literal('system'), content: z.array(Text).min(1) }),
]);
export type Message = z.infer<typeof Message>;

export const Tool = z.strictObject({
  name: ToolName,
  description: z.string().optional(),
  input_schema: z.looseObject({
    type: z.literal('object'),
    properties: z.record(z.string(), z.json()).optional(),
    required: z.array(z.string()).optional(),
  }),
  ...cache,
});

export const AnthropicRequest = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.int().positive().max(128_000),
  stream: z.literal(true),
  messages: z.array(Message).min(1).max(100_000),
  system: z.array(Text).min(1).optional(),
  tools: z.array(Tool).min(1).optional(),
  thinking: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('adaptive'), display: z.enum(['summarized', 'omitted']).optional() }),
      z.strictObject({ type: z.literal('enabled'), budget_tokens: z.int().min(1_024) }),
      z.strictObject({ type: z.literal('disabled') }),
    ])
    .optional(),
  output_config: z.strictObject({ effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']) }).optional(),
  speed: z.enum(['standard', 'fast']).optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().min(0).optional(),
  stop_sequences: z.array(z.string().regex(/\S/)).optional(),
  service_tier: z.enum(['auto', 'standard_only']).optional(),
  metadata: z.strictObject({ user_id: z.string().min(1).max(256) }).optional(),
});
export type AnthropicRequest = z.infer<typeof AnthropicRequest>;
