import { z } from 'zod';
import type { Json } from '../json.ts';
import { BUILT_IN_TOOLS } from './agent-toolset.ts';

const PROPERTY_NAME = /^[A-Za-z0-9_.-]{1,64}$/;

const InputSchema = z
  .looseObject({
    type: z.literal('object'),
    properties: z.record(z.string(), z.unknown()).nullish(),
    required: z.array(z.string()).nullish(),
  })
  .superRefine((schema, context) => {
    for (const name of ['oneOf', 'anyOf', 'allOf']) {
      if (name in schema)
        context.addIssue({ code: 'custom', path: [name], message: 'is not allowed at the top' });
    }
    for (const name of Object.keys(schema.properties ?? {})) {
      if (!PROPERTY_NAME.test(name)) {
        context.addIssue({
          code: 'custom',
          path: ['properties', name],
          message: 'names of properties are 1 to 64 letters, digits, underscores, dots and hyphens',
        });
      }
    }
    if (hasReference(schema as Json)) context.addIssue('must not contain $ref');
  });

/** A tool that the client runs. The stored form is the one that is sent. */
export const CustomTool = z
  .strictObject({
    type: z.literal('custom'),
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,128}$/, 'expected 1 to 128 letters, digits, underscores and hyphens')
      .refine(
        (name) => !(BUILT_IN_TOOLS as readonly string[]).includes(name),
        'is the name of a built-in tool',
      )
      .refine((name) => !name.startsWith('mcp__'), 'must not start with mcp__'),
    description: z.string().min(1),
    input_schema: InputSchema,
  })
  .meta({ id: 'CustomTool' });
export type CustomTool = z.infer<typeof CustomTool>;

function hasReference(value: Json): boolean {
  if (Array.isArray(value)) return value.some(hasReference);
  if (value === null || typeof value !== 'object') return false;
  return Object.entries(value).some(
    ([key, item]) => (key === '$ref' && typeof item === 'string') || hasReference(item),
  );
}
