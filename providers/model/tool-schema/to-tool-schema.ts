import type { Json, JsonObject } from '../../../core/json.ts';
import { eitherOf } from '../../../core/json-schema/join-nodes.ts';
import { readSchema } from '../../../core/json-schema/read-schema.ts';
import {
  annotated,
  ANY,
  type ArrayNode,
  type Limit,
  type NumberNode,
  type ObjectNode,
  type SchemaNode,
  type StringNode,
} from '../../../core/json-schema/schema-node.ts';
import { oneOfThese } from '../../../core/json-schema/schema-words.ts';
import { isPortablePattern } from './portable-pattern.ts';
import { SCHEMA_DIALECTS, type SchemaDialect, type SchemaDialectName } from './schema-dialect.ts';

/** More values than this are told in the description: servers refuse long enumerations, or take long to make a grammar of them. */
const MAX_ENUM = 500;
/** Deeper parts are written as any value. */
const MAX_DEPTH = 16;

/**
 * The input schema of a tool in the words that a server takes: an object with properties at the top, a type everywhere, alternatives as
 * `anyOf` of schemas with types, no references. It never asks for more than the original; what it cannot say stands in descriptions, and
 * the tool itself still checks what it gets.
 */
export function toToolSchema(schema: Json, dialect: SchemaDialectName): JsonObject {
  const top = topObject(readSchema(schema).node);
  return new Writer(SCHEMA_DIALECTS[dialect]).write(top, 0);
}

/** Arguments are an object, and no server takes alternatives at the top: those that are objects become one. */
function topObject(node: SchemaNode): ObjectNode {
  const objects = (node.kind === 'union' ? node.branches : [node]).filter(
    (branch) => branch.kind === 'object',
  );
  const [first, ...rest] = objects;
  const { description } = node;
  const top =
    first === undefined || rest.length === 0
      ? (first ?? { kind: 'object' as const, properties: new Map(), required: new Set<string>() })
      : mergedAlternatives(objects);
  return description === undefined ? top : annotated(top, { description });
}

function mergedAlternatives(objects: readonly ObjectNode[]): ObjectNode {
  const names = new Set(objects.flatMap(({ properties }) => [...properties.keys()]));
  const properties = new Map(
    [...names].map((name) => {
      const nodes = objects.flatMap((branch) => branch.properties.get(name) ?? []);
      return [name, eitherOf(nodes) ?? ANY] as const;
    }),
  );
  const required = [...names].filter((name) => objects.every((branch) => branch.required.has(name)));
  return { kind: 'object', properties, required: new Set(required) };
}

class Writer {
  readonly #dialect: SchemaDialect;

  constructor(dialect: SchemaDialect) {
    this.#dialect = dialect;
  }

  write(node: SchemaNode, depth: number): JsonObject {
    const notes = [...(node.notes ?? [])];
    const body = depth > MAX_DEPTH ? this.#any(depth) : this.#body(node, depth, notes);
    if (node.default !== undefined && !this.#dialect.defaults) {
      const text = JSON.stringify(node.default);
      if (text.length <= MAX_DEFAULT) notes.push(`default: ${text}`);
    }
    const description = described(node.description ?? '', notes);
    const { type, anyOf, ...rest } = body;
    if (Array.isArray(anyOf) && !this.#dialect.besideAnyOf) return alone(anyOf as JsonObject[], description);
    return {
      ...(type === undefined ? {} : { type }),
      ...(description === '' ? {} : { description }),
      ...rest,
      ...(anyOf === undefined ? {} : { anyOf }),
      ...(node.default !== undefined && this.#dialect.defaults ? { default: node.default } : {}),
    };
  }

  #body(node: SchemaNode, depth: number, notes: string[]): JsonObject {
    switch (node.kind) {
      case 'any':
        return this.#any(depth);
      case 'null':
      case 'boolean':
        return { type: node.kind };
      case 'string':
        return this.#string(node, notes);
      case 'integer':
      case 'number':
        return this.#number(node, notes);
      case 'array':
        return { type: 'array', items: this.write(node.items, depth + 1), ...this.#limits(node, notes) };
      case 'object':
        return this.#object(node, depth, notes);
      case 'union':
        return { anyOf: node.branches.map((branch) => this.write(branch, depth + 1)) };
    }
  }

  /** Any value at all. Where every schema needs a type, arrays are told down to arrays of arrays. */
  #any(depth: number): JsonObject {
    if (this.#dialect.emptySchema) return {};
    const scalars = ['string', 'number', 'boolean', 'null'].map((type): JsonObject => ({ type }));
    const object: JsonObject = { type: 'object', properties: {}, additionalProperties: true };
    const arrayOf = (items: JsonObject[]): JsonObject => ({ type: 'array', items: { anyOf: items } });
    const inner = [...scalars, object];
    return { anyOf: [...inner, arrayOf(depth > MAX_DEPTH ? inner : [...inner, arrayOf(inner)])] };
  }

  #string(node: StringNode, notes: string[]): JsonObject {
    const { values, pattern, format } = node;
    const listed = values !== undefined && (this.#dialect.emptyInEnum || !values.includes(''));
    const isPattern = pattern !== undefined && this.#dialect.patterns && isPortablePattern(pattern);
    const isFormat = format !== undefined && this.#dialect.formats.has(format);
    if (pattern !== undefined && !isPattern && pattern.length <= MAX_PATTERN)
      notes.push(`matches ${pattern}`);
    if (format !== undefined && !isFormat) notes.push(`format: ${format}`);
    return {
      type: 'string',
      ...this.#values(values, listed, notes),
      ...this.#limits(node, notes),
      ...(isPattern ? { pattern } : {}),
      ...(isFormat ? { format } : {}),
    };
  }

  #number(node: NumberNode, notes: string[]): JsonObject {
    const { kind, values } = node;
    return {
      type: kind,
      ...this.#values(values, this.#dialect.numbersInEnum, notes),
      ...this.#limits(node, notes),
    };
  }

  #values(values: readonly Json[] | undefined, listed: boolean, notes: string[]): JsonObject {
    if (values === undefined) return {};
    if (listed && values.length <= MAX_ENUM) return { enum: [...values] };
    notes.push(oneOfThese(values));
    return {};
  }

  #limits({ limits = {} }: StringNode | NumberNode | ArrayNode | ObjectNode, notes: string[]): JsonObject {
    const sent: JsonObject = {};
    for (const [name, value] of Object.entries(limits) as [Limit, number][]) {
      const wider = this.#dialect.widened.get(name);
      if (this.#dialect.limits.has(name)) sent[name] = value;
      else if (wider !== undefined) sent[wider] ??= value;
      if (!this.#dialect.limits.has(name)) notes.push(IN_WORDS[name](value));
    }
    return sent;
  }

  #object(node: ObjectNode, depth: number, notes: string[]): JsonObject {
    const sent: [string, JsonObject][] = [];
    let isComplete = true;
    for (const [name, property] of node.properties) {
      if (this.#dialect.names.test(name)) {
        sent.push([name, this.write(property, depth + 1)]);
        continue;
      }
      isComplete = false;
      const { description = property.kind } = property;
      const must = node.required.has(name) ? 'also needs' : 'also takes';
      notes.push(`${must} ${JSON.stringify(name)}: ${description}`);
    }
    const required = [...node.required].filter((name) => this.#dialect.names.test(name));
    const { others } = node;
    // A name that cannot be listed is one of the others, whatever those are.
    const rest = isComplete ? others : true;
    return {
      type: 'object',
      properties: Object.fromEntries(sent),
      ...(required.length === 0 ? {} : { required }),
      ...(rest === undefined
        ? {}
        : { additionalProperties: typeof rest === 'boolean' ? rest : this.write(rest, depth + 1) }),
      ...this.#limits(node, notes),
    };
  }
}

/** Alternatives with nothing beside them: what is said of all of them is said of the first. */
function alone(anyOf: readonly JsonObject[], description: string): JsonObject {
  const [first, ...others] = anyOf;
  if (first === undefined || description === '') return { anyOf: [...anyOf] };
  const { type, description: own, ...rest } = first;
  const told = typeof own === 'string' ? `${description} (${own})` : description;
  return { anyOf: [{ ...(type === undefined ? {} : { type }), description: told, ...rest }, ...others] };
}

function described(text: string, notes: readonly string[]): string {
  if (notes.length === 0) return text;
  return text === '' ? notes.join('; ') : `${text} (${notes.join('; ')})`;
}

const MAX_DEFAULT = 500;
const MAX_PATTERN = 500;

const IN_WORDS: Record<Limit, (value: number) => string> = {
  minimum: (value) => `at least ${value}`,
  maximum: (value) => `at most ${value}`,
  exclusiveMinimum: (value) => `more than ${value}`,
  exclusiveMaximum: (value) => `less than ${value}`,
  multipleOf: (value) => `a multiple of ${value}`,
  minLength: (value) => (value === 1 ? 'not empty' : `at least ${value} characters`),
  maxLength: (value) => `at most ${value} characters`,
  minItems: (value) => (value === 1 ? 'not empty' : `at least ${value} items`),
  maxItems: (value) => `at most ${value} items`,
  minProperties: (value) => (value === 1 ? 'not empty' : `at least ${value} properties`),
  maxProperties: (value) => `at most ${value} properties`,
};
