import type { Json, JsonObject } from '../../../core/json.ts';
import { isJsonObject } from '../tool-input.ts';

const COMBINATORS = ['oneOf', 'anyOf', 'allOf', 'not', 'enum'] as const;

/**
 * A tool's input schema as OpenAI takes it: an object with properties at the top, no alternatives there, and every array with items.
 * Alternatives at the top are merged into optional properties; the tool itself still checks what it gets.
 */
export function toOpenAiParameters(schema: JsonObject): JsonObject {
  const top: JsonObject = { ...schema, type: 'object' };
  const properties: JsonObject = isJsonObject(schema['properties']) ? { ...schema['properties'] } : {};
  for (const combinator of COMBINATORS) {
    const branches = schema[combinator];
    delete top[combinator];
    for (const branch of Array.isArray(branches) ? branches : [])
      if (isJsonObject(branch) && isJsonObject(branch['properties']))
        for (const [name, property] of Object.entries(branch['properties'])) properties[name] ??= property;
  }
  return withItems({ ...top, properties });
}

function withItems(schema: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) result[key] = inside(key, value);
  const type = result['type'];
  const isArray = type === 'array' || (Array.isArray(type) && type.includes('array'));
  if (isArray && result['items'] === undefined && result['prefixItems'] === undefined) result['items'] = {};
  return result;
}

/** Values of `enum`, `const`, `default` and `examples` are data, not schemas. */
function inside(key: string, value: Json): Json {
  if (key === 'enum' || key === 'const' || key === 'default' || key === 'examples') return value;
  if (Array.isArray(value)) return value.map((item) => (isJsonObject(item) ? withItems(item) : item));
  return isJsonObject(value) ? withItems(value) : value;
}
