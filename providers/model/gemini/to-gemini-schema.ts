import type { Json, JsonObject } from '../../../core/json.ts';
import { isJsonObject } from '../tool-input.ts';

/** The words of JSON Schema that the vendor knows; it refuses or ignores others. */
const KNOWN = new Set([
  '$id',
  '$defs',
  '$ref',
  '$anchor',
  'type',
  'format',
  'title',
  'description',
  'enum',
  'items',
  'prefixItems',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'anyOf',
  'oneOf',
  'properties',
  'additionalProperties',
  'required',
  'propertyOrdering',
]);

/**
 * A tool's input schema in the part of JSON Schema that the vendor knows. What it cannot say is left out or widened; the tool itself
 * still checks what it gets.
 */
export function toGeminiSchema(schema: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(merged(schema))) {
    if (name === 'const') result['enum'] = [value];
    else if (name === 'exclusiveMinimum' && typeof value === 'number') result['minimum'] = value;
    else if (name === 'exclusiveMaximum' && typeof value === 'number') result['maximum'] = value;
    else if (name === 'definitions') result['$defs'] = mapped(value);
    else if (KNOWN.has(name)) result[name] = inside(name, value);
  }
  return result;
}

function inside(name: string, value: Json): Json {
  if (name === 'properties' || name === '$defs') return mapped(value);
  if (name === '$ref' && typeof value === 'string') return value.replace('#/definitions/', '#/$defs/');
  if (name === 'anyOf' || name === 'oneOf' || name === 'prefixItems')
    return Array.isArray(value)
      ? value.map((item) => (isJsonObject(item) ? toGeminiSchema(item) : item))
      : value;
  if (name === 'items' || name === 'additionalProperties')
    return isJsonObject(value) ? toGeminiSchema(value) : value;
  return value;
}

function mapped(value: Json): Json {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, schema]) => [
      name,
      isJsonObject(schema) ? toGeminiSchema(schema) : schema,
    ]),
  );
}

/** `allOf` is written out: properties and required names of all its parts together. */
function merged(schema: JsonObject): JsonObject {
  const { allOf, ...rest } = schema;
  if (!Array.isArray(allOf)) return schema;
  let result: JsonObject = rest;
  for (const part of allOf) {
    if (!isJsonObject(part)) continue;
    const { properties, required, ...others } = merged(part);
    result = {
      ...others,
      ...result,
      properties: { ...objectOf(properties), ...objectOf(result['properties']) },
      required: [...new Set([...listOf(required), ...listOf(result['required'])])],
    };
  }
  return result;
}

function objectOf(value: Json | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : {};
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}
