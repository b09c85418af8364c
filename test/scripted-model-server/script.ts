import { z } from 'zod';

/** What one response holds. `{{step}}` in a string is replaced by the number of the scenario's step, `{{n}}` by that of the request. */
export const ScriptBlock = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('text'),
    text: z.string().optional(),
    /** Filler of so many words instead of a text. */
    tokens: z.int().positive().optional(),
  }),
  z.strictObject({ type: z.literal('thinking'), text: z.string() }),
  /** Thinking that the vendor hides. */
  z.strictObject({ type: z.literal('hidden_thinking') }),
  z.strictObject({
    type: z.literal('tool_use'),
    name: z.string(),
    input: z.json().optional(),
    /** Sent instead of `input` as it is, to play arguments that are no JSON. */
    rawInput: z.string().optional(),
    /** The vendor's call id; default: one never used before. null: none at all, where the format allows that. */
    id: z.string().nullable().optional(),
  }),
]);
export type ScriptBlock = z.infer<typeof ScriptBlock>;

/** Where in the stream something happens. */
export const Place = z.enum(['head', 'text', 'thinking', 'tool-start', 'tool-input', 'before-end']);
export type Place = z.infer<typeof Place>;

export const Fault = z.discriminatedUnion('kind', [
  /** An error answer. */
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(400).max(599),
    type: z.string().optional(),
    message: z.string().optional(),
    /** Sent instead of the format's own: a body in another shape. */
    body: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  /** A proxy's page with status 200. */
  z.strictObject({ kind: z.literal('html') }),
  /** The connection is reset before any answer. */
  z.strictObject({ kind: z.literal('reset') }),
  /** No answer ever. */
  z.strictObject({ kind: z.literal('hang') }),
  /** The stream comes so slowly that nothing is ever complete. */
  z.strictObject({ kind: z.literal('slow-loris'), bytesPerSecond: z.number().positive() }),
  /** From `at` on only signs of life. */
  z.strictObject({ kind: z.literal('stall'), at: Place, pingMs: z.number().positive() }),
  /** The response ends in good order, too early. */
  z.strictObject({ kind: z.literal('eof'), at: Place }),
  /** The connection breaks. */
  z.strictObject({ kind: z.literal('cut'), at: Place }),
  /** The vendor reports an error inside the stream. */
  z.strictObject({
    kind: z.literal('error-event'),
    at: Place,
    type: z.string(),
    message: z.string().optional(),
  }),
  /** The stream breaks the protocol. `unknown-event` must be ignored, the others must not pass. */
  z.strictObject({
    kind: z.literal('malformed'),
    what: z.enum(['bad-json', 'unknown-event', 'repeated-start', 'wrong-order', 'huge-line']),
    at: Place.optional(),
  }),
  /** The stream is right but comes in an unusual form. */
  z.strictObject({
    kind: z.literal('form'),
    newline: z.enum(['\r\n', '\r', '\n']).optional(),
    bom: z.boolean().optional(),
    gzip: z.boolean().optional(),
    /** Bytes of each packet; 1 splits every character. */
    packet: z.int().positive().optional(),
    /** All in one packet. */
    atOnce: z.boolean().optional(),
  }),
]);
export type Fault = z.infer<typeof Fault>;

export const ScriptUsage = z.strictObject({
  input_tokens: z.int().optional(),
  output_tokens: z.int().optional(),
  cache_read_input_tokens: z.int().optional(),
  cache_creation_5m_input_tokens: z.int().optional(),
  cache_creation_1h_input_tokens: z.int().optional(),
  reasoning_tokens: z.int().optional(),
});
export type ScriptUsage = z.infer<typeof ScriptUsage>;

/** How one request is answered. */
export const Script = z.strictObject({
  blocks: z.array(ScriptBlock).default([]),
  /** Default: `tool_use` when there are tool uses, else `end_turn`. */
  stop: z
    .enum([
      'end_turn',
      'tool_use',
      'max_tokens',
      'context_overflow',
      'refusal',
      'pause_turn',
      'malformed_call',
    ])
    .optional(),
  refusal: z.strictObject({ category: z.string().nullable(), explanation: z.string().nullable() }).optional(),
  /** Fields left out are counted from what is sent and received, with a simulated prompt cache. */
  usage: ScriptUsage.optional(),
  /** Before the first byte. */
  delayMs: z.number().min(0).optional(),
  /** Between the pieces of the stream. */
  gapMs: z.number().min(0).optional(),
  /** Characters of each piece; default: a word. */
  pieceLength: z.int().positive().optional(),
  fault: Fault.optional(),
  /** In a scenario: for how many steps in a row this holds. */
  times: z.int().positive().optional(),
});
export type Script = z.input<typeof Script>;
export type ReadScript = z.output<typeof Script>;

/** Scripts by place in the conversation, so that retried and repeated requests get the answer of their step. */
export const Scenario = z.strictObject({
  /** Occurs in the text of the request's first user message. */
  when: z.string().min(1),
  /** Per answer of the model so far; an array holds one script per attempt at that step, the last of which repeats. */
  steps: z.array(z.union([Script, z.array(Script).min(1)])).min(1),
});
export type Scenario = z.input<typeof Scenario>;
export type ReadScenario = z.output<typeof Scenario>;
