import { z } from 'zod';
import type { Json } from '../json.ts';
import { readSchema } from '../json-schema/read-schema.ts';
import { BUILT_IN_TOOLS } from './agent-toolset.ts';

const PROPERTY_NAME = /^[A-Za-z0-9_.-]{1,64}$/;
/** Deeper values are more than an agent's model could fill. */
const MAX_DEPTH = 100;

const InputSchema = z
  .looseObject({
    type: z.literal('object'),
    properties: z.record(z.string(), z.unknown()).nullish(),
    required: z.array(z.string()).nullish(),
  })
  .superRefine((schema, context) => {
    const refuse = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    for (const name of ['oneOf', 'anyOf', 'allOf'])
      if (name in schema) refuse([name], 'is not allowed at the top');
    for (const name of Object.keys(schema.properties ?? {})) {
      if (!PROPERTY_NAME.test(name))
        refuse(
          ['properties', name],
          'names of properties are 1 to 64 letters, digits, underscores, dots and hyphens',
        );
    }
    const place = placeOf(schema as Json, 0);
    if (place === 'too-deep') refuse([], `is nested deeper than ${MAX_DEPTH} levels`);
    else if (place !== null) refuse(place, 'must not contain $ref; write what it refers to in its place');
    else for (const { path, message } of readSchema(schema as Json).problems) refuse(path, message);
  });

/** A tool that the client runs. The stored form is the one that is shown; each model gets it in the words that its server takes. */
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

/** Words whose values are data, in which `$ref` is a name like any other. */
const DATA = new Set(['default', 'example', 'examples', 'const', 'enum']);
/** Words whose names are anybody's. */
const NAMES = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

/**
 * Where a reference stands, by the names that lead there; null: nowhere.
 *
 * @param kind - whether the value is a schema (or a list of them), schemas by name, or data.
 */
function placeOf(
  value: Json,
  depth: number,
  kind: 'schema' | 'names' | 'data' = 'schema',
): (string | number)[] | 'too-deep' | null {
  if (value === null || typeof value !== 'object') return null;
  if (depth > MAX_DEPTH) return 'too-deep';
  for (const [key, item] of Object.entries(value)) {
    const isWord = kind === 'schema' && !Array.isArray(value);
    if (isWord && key === '$ref' && typeof item === 'string') return [];
    const inner = isWord && DATA.has(key) ? 'data' : isWord && NAMES.has(key) ? 'names' : 'schema';
    const place = placeOf(item, depth + 1, kind === 'data' ? 'data' : inner);
    if (place === 'too-deep') return place;
    if (place !== null) return [Array.isArray(value) ? Number(key) : key, ...place];
  }
  return null;
}
