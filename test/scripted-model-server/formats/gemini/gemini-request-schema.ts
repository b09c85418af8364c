import { z } from 'zod';

/** A Gemini request, as far as this service has a use for it; anything else in it is a violation. */
const InlineData = z.strictObject({
  mimeType: z.string().min(1),
  data: z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/),
});
const FileData = z.strictObject({ mimeType: z.string().min(1), fileUri: z.url() });
const Name = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_-]{0,62}$/);
const signature = { thoughtSignature: z.string().min(1).optional() };

const UserPart = z.union([
  z.strictObject({ text: z.string().regex(/\S/, 'text without a visible character') }),
  z.strictObject({ inlineData: InlineData }),
  z.strictObject({ fileData: FileData }),
  z.strictObject({
    functionResponse: z.strictObject({
      id: z.string().min(1).optional(),
      name: Name,
      response: z.union([
        z.strictObject({ output: z.string().min(1) }),
        z.strictObject({ error: z.string().min(1) }),
      ]),
      parts: z
        .array(z.union([z.strictObject({ inlineData: InlineData }), z.strictObject({ fileData: FileData })]))
        .min(1)
        .optional(),
    }),
  }),
]);
const ModelPart = z.union([
  z.strictObject({ text: z.string(), ...signature }),
  z.strictObject({
    functionCall: z.strictObject({
      id: z.string().min(1).optional(),
      name: Name,
      args: z.record(z.string(), z.json()),
    }),
    ...signature,
  }),
]);

export const GeminiContent = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('user'), parts: z.array(UserPart).min(1) }),
  z.strictObject({ role: z.literal('model'), parts: z.array(ModelPart).min(1) }),
]);
export type GeminiContent = z.infer<typeof GeminiContent>;
export type GeminiModelPart = z.infer<typeof ModelPart>;

export const GeminiRequest = z.strictObject({
  contents: z.array(GeminiContent).min(1),
  systemInstruction: z
    .strictObject({
      parts: z.array(z.strictObject({ text: z.string().min(1) })).min(1),
      role: z.literal('user').optional(),
    })
    .optional(),
  tools: z
    .array(
      z.strictObject({
        functionDeclarations: z
          .array(
            z.strictObject({
              name: Name,
              description: z.string().optional(),
              parametersJsonSchema: z.record(z.string(), z.json()),
            }),
          )
          .min(1)
          .max(512),
      }),
    )
    .length(1)
    .optional(),
  generationConfig: z.strictObject({
    maxOutputTokens: z.int().positive(),
    temperature: z.number().min(0).max(2).optional(),
    topP: z.number().min(0).max(1).optional(),
    topK: z.int().min(1).optional(),
    seed: z.int().optional(),
    frequencyPenalty: z.number().min(-2).lt(2).optional(),
    presencePenalty: z.number().min(-2).lt(2).optional(),
    stopSequences: z.array(z.string()).max(5).optional(),
    thinkingConfig: z
      .strictObject({
        includeThoughts: z.boolean().optional(),
        thinkingLevel: z.enum(['MINIMAL', 'LOW', 'MEDIUM', 'HIGH']).optional(),
        thinkingBudget: z.int().optional(),
      })
      .optional(),
  }),
});
export type GeminiRequest = z.infer<typeof GeminiRequest>;
