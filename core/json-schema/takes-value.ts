import type { Json, JsonObject } from '../json.ts';
import type { Limits, ObjectNode, SchemaNode } from './schema-node.ts';

/** Whether a value is one that the node takes, as far as the node tells: patterns and formats are left to whoever uses the value. */
export function takesValue(node: SchemaNode, value: Json): boolean {
  switch (node.kind) {
    case 'any':
      return true;
    case 'null':
      return value === null;
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return (
        typeof value === 'string' &&
        (node.values?.includes(value) ?? true) &&
        isWithin(node.limits, 'Length', Array.from(value).length)
      );
    case 'integer':
    case 'number':
      return (
        typeof value === 'number' &&
        (node.kind === 'number' || Number.isInteger(value)) &&
        (node.values?.includes(value) ?? true) &&
        isInRange(node.limits ?? {}, value)
      );
    case 'array':
      return (
        Array.isArray(value) &&
        isWithin(node.limits, 'Items', value.length) &&
        value.every((item) => takesValue(node.items, item))
      );
    case 'object':
      return isJsonObject(value) && takesObject(node, value);
    case 'union':
      return node.branches.some((branch) => takesValue(branch, value));
  }
}

/** What the node says of a property; `false`: that there is none of this name. */
export function propertyOf(node: ObjectNode, name: string): SchemaNode | boolean {
  return node.properties.get(name) ?? node.others ?? true;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function takesObject(node: ObjectNode, value: JsonObject): boolean {
  const isFilled = [...node.required].every((name) => Object.hasOwn(value, name));
  return (
    isFilled &&
    Object.entries(value).every(([name, item]) => {
      const property = propertyOf(node, name);
      return typeof property === 'boolean' ? property : takesValue(property, item);
    })
  );
}

function isInRange(limits: Limits, value: number): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = limits;
  return (
    !(minimum !== undefined && value < minimum) &&
    !(maximum !== undefined && value > maximum) &&
    !(exclusiveMinimum !== undefined && value <= exclusiveMinimum) &&
    !(exclusiveMaximum !== undefined && value >= exclusiveMaximum)
  );
}

function isWithin(limits: Limits | undefined, what: 'Length' | 'Items', size: number): boolean {
  const [least, most] = [limits?.[`min${what}`], limits?.[`max${what}`]];
  return !(least !== undefined && size < least) && !(most !== undefined && size > most);
}
