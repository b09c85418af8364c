import type { Json, JsonObject } from '../../../../core/json.ts';

/** Whether a schema of draft 2020-12, or `nullable` of OpenAPI, takes a value: a plain reading of the words that the tests use. */
export function takes(schema: Json | undefined, value: Json): boolean {
  if (schema === undefined || schema === true) return true;
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema !== false;
  if (schema['nullable'] === true && value === null) return true;
  return (
    isTyped(schema, value) && isAmong(schema, value) && isBounded(schema, value) && isComposed(schema, value)
  );
}

function isTyped({ type }: JsonObject, value: Json): boolean {
  if (type === undefined) return true;
  return (Array.isArray(type) ? type : [type]).some((name) => isOfType(name, value));
}

function isOfType(name: Json, value: Json): boolean {
  if (name === 'null') return value === null;
  if (name === 'array') return Array.isArray(value);
  if (name === 'object') return isObject(value);
  if (name === 'integer') return Number.isInteger(value);
  return typeof value === name;
}

function isAmong({ enum: values, const: only }: JsonObject, value: Json): boolean {
  const same = (other: Json): boolean => JSON.stringify(other) === JSON.stringify(value);
  return (!Array.isArray(values) || values.some(same)) && (only === undefined || same(only));
}

function isBounded(schema: JsonObject, value: Json): boolean {
  const bound = (name: string): number => Number(schema[name] ?? Number.NaN);
  const within = (size: number, what: string): boolean =>
    !(size < bound(`min${what}`)) && !(size > bound(`max${what}`));
  if (typeof value === 'string') return within(value.length, 'Length');
  if (typeof value === 'number') {
    const isMultiple = schema['multipleOf'] === undefined || Number.isInteger(value / bound('multipleOf'));
    const isInside = !(value <= bound('exclusiveMinimum')) && !(value >= bound('exclusiveMaximum'));
    return within(value, 'imum') && isInside && isMultiple;
  }
  if (Array.isArray(value)) {
    const { prefixItems } = schema;
    const places = Array.isArray(prefixItems) ? prefixItems : [];
    return (
      within(value.length, 'Items') &&
      value.every((item, index) => takes(places[index] ?? schema['items'], item))
    );
  }
  return !isObject(value) || isFilled(schema, value);
}

function isFilled({ properties, required, additionalProperties }: JsonObject, value: JsonObject): boolean {
  const known = isObject(properties) ? properties : {};
  const names = Array.isArray(required) ? required : [];
  return (
    names.every((name) => typeof name === 'string' && Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, item]) =>
      takes(Object.hasOwn(known, name) ? known[name] : additionalProperties, item),
    )
  );
}

function isComposed({ anyOf, oneOf, allOf }: JsonObject, value: Json): boolean {
  const taking = (parts: Json[]): number => parts.filter((part) => takes(part, value)).length;
  return (
    (!Array.isArray(anyOf) || taking(anyOf) > 0) &&
    (!Array.isArray(oneOf) || taking(oneOf) === 1) &&
    (!Array.isArray(allOf) || taking(allOf) === allOf.length)
  );
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
