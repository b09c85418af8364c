import * as fc from 'fast-check';
import type { Json, JsonObject } from '../../core/json.ts';

/** Values that are written to break things: deep, long, of the wrong kind, with characters that are no text. */
const hostile: fc.Arbitrary<Json> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }).map((value) => value as Json),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom<Json>(
    '',
    '\0',
    '\ud800',
    '../../etc/passwd',
    "'; DROP TABLE agents; --",
    '%00',
    '{{7*7}}',
    'x'.repeat(70_000),
  ),
  fc.constantFrom<Json>(-1, 0, 1e308, 2 ** 53, 0.1, null, true, [], {}),
);

/**
 * Values that mostly fit a JSON schema of an OpenAPI document, and now and then do not.
 *
 * @param components - the document's schemas.
 */
export function arbitraryFromSchema(schema: JsonObject, components: JsonObject): fc.Arbitrary<Json> {
  return fc.oneof(
    { weight: 30, arbitrary: fitting(schema, components, 6) },
    { weight: 1, arbitrary: hostile },
  );
}

function fitting(schema: JsonObject, components: JsonObject, depth: number): fc.Arbitrary<Json> {
  const inner = (value: Json | undefined) =>
    depth <= 0
      ? fc.constant<Json>(null)
      : fc.oneof(
          { weight: 40, arbitrary: fitting(asObject(value), components, depth - 1) },
          { weight: 1, arbitrary: hostile },
        );
  const reference = schema['$ref'];
  if (typeof reference === 'string') return inner(components[reference.replace('#/components/schemas/', '')]);
  const choices = schema['oneOf'] ?? schema['anyOf'];
  if (Array.isArray(choices)) return fc.oneof(...choices.map(inner));
  if (schema['const'] !== undefined) return fc.constant<Json>(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum']);
  const types = [schema['type'] ?? 'any'].flat();
  if (types.length > 1)
    return fc.oneof(...types.map((type) => fitting({ ...schema, type }, components, depth)));
  switch (types[0]) {
    case 'object':
      return objectOf(schema, inner);
    case 'array':
      return fc.array(inner(schema['items']), {
        minLength: Math.min(numberOf(schema['minItems'], 0), 3),
        maxLength: Math.min(numberOf(schema['maxItems'], 3), 3),
      });
    case 'string':
      return stringOf(schema);
    case 'integer':
    case 'number':
      return fc.integer({
        min: Math.max(numberOf(schema['minimum'], -1_000), -(2 ** 31)),
        max: Math.min(numberOf(schema['maximum'], 10_000), 2 ** 31 - 1),
      });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return hostile;
  }
}

function objectOf(
  schema: JsonObject,
  inner: (value: Json | undefined) => fc.Arbitrary<Json>,
): fc.Arbitrary<Json> {
  const properties = Object.entries(asObject(schema['properties']));
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  const fields = Object.fromEntries(
    properties.map(([name, value]): [string, fc.Arbitrary<Json | undefined>] => [
      name,
      required.has(name)
        ? fc.oneof({ weight: 60, arbitrary: inner(value) }, { weight: 1, arbitrary: fc.constant(undefined) })
        : fc.option(inner(value), { nil: undefined }),
    ]),
  );
  const rest =
    typeof schema['additionalProperties'] === 'object'
      ? fc.dictionary(fc.string({ maxLength: 70 }), inner(schema['additionalProperties']), { maxKeys: 4 })
      : fc.constant({});
  return fc
    .tuple(fc.record(fields), rest)
    .map(([named, others]) =>
      Object.fromEntries(
        Object.entries<Json | undefined>({ ...others, ...named }).flatMap(([key, value]): [string, Json][] =>
          value === undefined ? [] : [[key, value]],
        ),
      ),
    );
}

function stringOf(schema: JsonObject): fc.Arbitrary<string> {
  const minimum = numberOf(schema['minLength'], 0);
  const plain = fc.string({
    minLength: Math.min(minimum, 10),
    maxLength: Math.min(numberOf(schema['maxLength'], 40), 40),
  });
  if (schema['format'] === 'date-time') {
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
      .map((date) => date.toISOString());
  }
  if (schema['format'] === 'uri') return fc.webUrl();
  if (typeof schema['pattern'] === 'string') {
    return fc.oneof(
      { weight: 10, arbitrary: fc.stringMatching(new RegExp(simple(schema['pattern']))) },
      { weight: 1, arbitrary: plain },
    );
  }
  return plain;
}

/** Without lookbehind, which generators do not know. */
function simple(pattern: string): string {
  return pattern.replace(/\(\?<[!=][^)]*\)/g, '');
}

function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

function numberOf(value: Json | undefined, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}
