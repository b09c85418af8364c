import { z } from 'zod';
import { fieldOf } from '../../loose-body.ts';

export const FunctionName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/);

/** Arguments of a call in the conversation: the JSON text of an object. */
export const CallArguments = z.string().refine((text) => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}, 'arguments that are no JSON object');

/** What the vendor refuses in the schema of a function. */
export function parameterViolations(schema: unknown, at: string): string[] {
  const violations: string[] = [];
  if (fieldOf(schema, 'type') !== 'object') violations.push(`${at}: the schema must be of type object`);
  if (typeof fieldOf(schema, 'properties') !== 'object')
    violations.push(`${at}: object schema missing properties`);
  for (const word of ['oneOf', 'anyOf', 'allOf', 'enum', 'not'])
    if (fieldOf(schema, word) !== undefined) violations.push(`${at}: ${word} at the top level`);
  return [...violations, ...arrayViolations(schema, at)];
}

function arrayViolations(schema: unknown, at: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const missing =
    fieldOf(schema, 'type') === 'array' &&
    fieldOf(schema, 'items') === undefined &&
    fieldOf(schema, 'prefixItems') === undefined;
  return [
    ...(missing ? [`${at}: array schema missing items`] : []),
    ...Object.entries(schema).flatMap(([name, value]) =>
      Array.isArray(value)
        ? value.flatMap((item, index) => arrayViolations(item, `${at}.${name}.${String(index)}`))
        : arrayViolations(value, `${at}.${name}`),
    ),
  ];
}

/** Names that occur twice. */
export function duplicateNames(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map(
    (name) => `tools: two of the name ${name}`,
  );
}

export function headerViolations(method: string, headers: Record<string, string>): string[] {
  return [
    ...(method === 'POST' ? [] : [`method ${method}`]),
    ...(headers['content-type']?.startsWith('application/json') === true
      ? []
      : ['content-type is not application/json']),
    ...(headers['authorization'] === undefined ? ['no credentials'] : []),
  ];
}
