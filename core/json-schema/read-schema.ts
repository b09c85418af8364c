import type { Json, JsonObject } from '../json.ts';
import { bothOf, eitherOf } from './join-nodes.ts';
import { resolvePointer } from './resolve-pointer.ts';
import { annotated, ANY, type Annotations, type ObjectNode, type SchemaNode } from './schema-node.ts';
import {
  kindMeant,
  kindNamed,
  kindSpokenOf,
  limitProblems,
  limitsOf,
  valuesNode,
  type Kind,
} from './schema-words.ts';

/** What is wrong with a schema, and where: a path into the schema. */
export interface SchemaProblem {
  path: (string | number)[];
  message: string;
}

/** Deeper parts are read as `any`; so is a reference inside what it refers to. */
const MAX_DEPTH = 24;
/** Parts of one schema that are read; what comes after is `any`. References to references can grow without end otherwise. */
const MAX_PARTS = 5_000;

/**
 * Reads a JSON Schema of any draft. What a node cannot say is left out or widened, so that every value that the schema takes is taken by
 * the node as well. Never throws: what is no schema in any draft is a problem, and is read as `any`.
 */
export function readSchema(schema: Json): { node: SchemaNode; problems: SchemaProblem[] } {
  const reader = new Reader(schema);
  return { node: reader.read(schema, [], 0) ?? ANY, problems: reader.problems };
}

type Path = (string | number)[];
/** null: no value is taken. */
type Read = SchemaNode | null;

class Reader {
  readonly problems: SchemaProblem[] = [];
  readonly #root: Json;
  readonly #open = new Set<string>();
  #parts = 0;

  constructor(root: Json) {
    this.#root = root;
  }

  read(schema: Json | undefined, path: Path, depth: number): Read {
    this.#parts += 1;
    if (schema === undefined || schema === true) return ANY;
    if (schema === false) return null;
    if (!isObject(schema))
      return this.#refuse(path, `expected a schema, which is an object; this is ${shown(schema)}`);
    if (depth > MAX_DEPTH || this.#parts > MAX_PARTS) return ANY;
    if (isEverything(schema['not'])) return null;
    const reference = schema['$ref'];
    if (typeof reference === 'string') return this.#referred(reference, schema, path, depth);
    let node = this.#own(schema, path, depth);
    for (const word of ['allOf', 'extends'])
      for (const [part, at] of this.#list(schema, word, path))
        node = join(node, this.read(part, at, depth + 1));
    for (const word of ['anyOf', 'oneOf']) {
      const branches = this.#list(schema, word, path);
      if (branches.length === 0) continue;
      node = this.#among(
        node,
        branches.map(([part, at]) => this.read(part, at, depth + 1)),
      );
    }
    if (schema['nullable'] === true && node !== null) node = eitherOf([node, { kind: 'null' }]);
    return node && annotated(node, this.#annotations(schema, path));
  }

  /** A reference, and what stands beside it. */
  #referred(reference: string, schema: JsonObject, path: Path, depth: number): Read {
    const { $ref: _, $defs: _defs, definitions: _definitions, ...beside } = schema;
    const at = [...path, '$ref'];
    const target = resolvePointer(this.#root, reference);
    if (target === undefined) {
      this.#refuse(at, `${JSON.stringify(reference)} is not in this schema`);
      return this.read(beside, path, depth + 1);
    }
    if (this.#open.has(reference)) {
      if (isOnlyReference(target)) this.#refuse(at, `${JSON.stringify(reference)} leads back to itself`);
      return annotated(shallow(target), this.#annotations(beside, path));
    }
    this.#open.add(reference);
    const node = this.read(target, at, depth + 1);
    this.#open.delete(reference);
    const own = Object.keys(beside).length === 0 ? ANY : this.read(beside, path, depth + 1);
    return join(own, node);
  }

  /** What the schema says by itself, its alternatives aside. */
  #own(schema: JsonObject, path: Path, depth: number): Read {
    for (const { word, message } of limitProblems(schema)) this.#refuse([...path, word], message);
    const kinds = this.#kinds(schema, path, depth);
    const values = this.#values(schema, path);
    if (values !== null) {
      const named = kinds?.flatMap((kind) => (typeof kind === 'string' ? [kind] : [])) ?? null;
      const node = valuesNode(values, named);
      if (node !== null) return node;
    }
    if (kinds === null) {
      const kind = kindSpokenOf(schema);
      return kind === null ? ANY : this.#ofKind(kind, schema, path, depth);
    }
    return eitherOf(
      kinds.flatMap((kind) => (typeof kind === 'string' ? this.#ofKind(kind, schema, path, depth) : [kind])),
    );
  }

  /** The kinds that `type` names; null for any. Draft 3 has schemas among them. */
  #kinds(schema: JsonObject, path: Path, depth: number): (Kind | SchemaNode)[] | null {
    const type = schema['type'];
    if (type === undefined || type === null) return null;
    const names = Array.isArray(type) ? type : [type];
    const kinds: (Kind | SchemaNode)[] = [];
    for (const [index, name] of names.entries()) {
      const at = Array.isArray(type) ? [...path, 'type', index] : [...path, 'type'];
      if (isObject(name)) {
        const node = this.read(name, at, depth + 1);
        if (node?.kind === 'any') return null;
        if (node !== null) kinds.push(node);
        continue;
      }
      const kind = typeof name === 'string' ? kindNamed(name) : undefined;
      if (kind === 'any') return null;
      const meant = typeof name === 'string' ? kindMeant(name) : undefined;
      if (kind === undefined) {
        const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
        this.#refuse(
          at,
          `${shown(name)} is no type of JSON Schema: those are string, number, integer, boolean, object, array and null${hint}`,
        );
        if (meant === undefined) return null;
      }
      kinds.push(kind ?? meant ?? 'string');
    }
    if (kinds.length === 0) this.#refuse([...path, 'type'], 'names no type');
    return kinds.length === 0 ? null : kinds;
  }

  #values(schema: JsonObject, path: Path): readonly Json[] | null {
    if (schema['const'] !== undefined) return [schema['const']];
    const values = schema['enum'];
    if (values === undefined || values === null) return null;
    if (!Array.isArray(values))
      this.#refuse([...path, 'enum'], `expected a list of values; this is ${shown(values)}`);
    return Array.isArray(values) && values.length > 0 ? values : null;
  }

  #ofKind(kind: Kind, schema: JsonObject, path: Path, depth: number): SchemaNode {
    switch (kind) {
      case 'null':
      case 'boolean':
        return { kind };
      case 'integer':
      case 'number':
        return { kind, ...limitsOf(schema, kind) };
      case 'string': {
        const [pattern, format] = [this.#text(schema, 'pattern', path), this.#text(schema, 'format', path)];
        return {
          kind,
          ...limitsOf(schema, kind),
          ...(pattern === undefined ? {} : { pattern }),
          ...(format === undefined ? {} : { format }),
        };
      }
      case 'array':
        return this.#array(schema, path, depth);
      case 'object':
        return this.#object(schema, path, depth);
    }
  }

  #array(schema: JsonObject, path: Path, depth: number): SchemaNode {
    const { items, prefixItems } = schema;
    const [tuple, word] = Array.isArray(prefixItems) ? [prefixItems, 'prefixItems'] : [items, 'items'];
    const notes = schema['uniqueItems'] === true ? { notes: ['no item twice'] } : {};
    const { limits } = limitsOf(schema, 'array');
    const bounds = limits === undefined ? {} : { limits };
    if (!Array.isArray(tuple)) {
      const node = this.read(items ?? undefined, [...path, 'items'], depth + 1);
      if (node !== null) return { kind: 'array', items: node, ...bounds, ...notes };
      return { kind: 'array', items: ANY, limits: { ...limits, maxItems: 0 }, ...notes };
    }
    const places = tuple.map((part, index) => this.read(part, [...path, word, index], depth + 1) ?? ANY);
    const restWord = word === 'items' ? 'additionalItems' : 'items';
    const isFull = limits?.maxItems !== undefined && limits.maxItems <= places.length;
    const rest = isFull ? null : this.read(schema[restWord], [...path, restWord], depth + 1);
    const order = `in this order: ${places.map(inWords).join(', ')}`;
    return {
      kind: 'array',
      items: eitherOf(rest === null ? places : [...places, rest]) ?? ANY,
      ...(rest === null ? { limits: { ...limits, maxItems: limits?.maxItems ?? places.length } } : bounds),
      notes: [...(places.length > 1 || rest !== null ? [order] : []), ...(notes.notes ?? [])],
    };
  }

  #object(schema: JsonObject, path: Path, depth: number): ObjectNode {
    const properties = new Map<string, SchemaNode>();
    const required = new Set<string>(this.#required(schema, path));
    for (const [name, part] of this.#entries(schema, 'properties', path)) {
      const node = this.read(part, [...path, 'properties', name], depth + 1);
      if (node !== null) properties.set(name, node);
      // Draft 3 says so in the property.
      if (isObject(part) && part['required'] === true) required.add(name);
    }
    for (const [name, node] of this.#conditional(schema, path, depth))
      if (!properties.has(name) && schema['additionalProperties'] !== false) properties.set(name, node);
    const others = this.#others(schema, path, depth);
    for (const name of required) {
      if (properties.has(name)) continue;
      if (others === false) required.delete(name);
      else properties.set(name, typeof others === 'object' ? others : ANY);
    }
    const isOpen = schema['properties'] === undefined && properties.size === 0;
    const unsaid = isOpen && path.length > 0 ? true : undefined;
    const shownOthers = others ?? unsaid;
    return {
      kind: 'object',
      properties,
      required,
      ...(shownOthers === undefined ? {} : { others: shownOthers }),
      ...limitsOf(schema, 'object'),
    };
  }

  #required(schema: JsonObject, path: Path): string[] {
    const required = schema['required'];
    // A boolean is draft 3's, and the concern of the object around it.
    if (required === undefined || required === null || typeof required === 'boolean') return [];
    const at = [...path, 'required'];
    if (!Array.isArray(required)) {
      this.#refuse(at, `expected a list of names; this is ${shown(required)}`);
      return [];
    }
    return required.flatMap((name, index) => {
      if (typeof name === 'string') return [name];
      this.#refuse([...at, index], `expected the name of a property; this is ${shown(name)}`);
      return [];
    });
  }

  #others(schema: JsonObject, path: Path, depth: number): ObjectNode['others'] {
    const given = schema['additionalProperties'] ?? schema['unevaluatedProperties'];
    const patterns = this.#entries(schema, 'patternProperties', path).map(([name, part]) =>
      this.read(part, [...path, 'patternProperties', name], depth + 1),
    );
    if (given === undefined || given === null) return patterns.length > 0 ? true : undefined;
    const word = schema['additionalProperties'] === given ? 'additionalProperties' : 'unevaluatedProperties';
    // Whether something was evaluated depends on more than is kept here.
    if (word === 'unevaluatedProperties') return undefined;
    const rest = this.read(given, [...path, word], depth + 1);
    const node = eitherOf([...patterns, rest].flatMap((part) => part ?? []));
    return node === null ? false : node.kind === 'any' && node.description === undefined ? true : node;
  }

  /** Properties that only conditions name: they may be there, and nothing is sure about them. */
  #conditional(schema: JsonObject, path: Path, depth: number): [string, SchemaNode][] {
    const parts = ['dependentSchemas', 'dependencies'].flatMap((word) => {
      const inner = schema[word];
      return isObject(inner) ? Object.values(inner) : [];
    });
    return [schema['then'], schema['else'], ...parts].flatMap((part) =>
      !isObject(part) || !isObject(part['properties'])
        ? []
        : Object.entries(part['properties']).map(([name, inner]): [string, SchemaNode] => {
            const { description, kind } = this.read(inner, path, depth + 1) ?? ANY;
            return [
              name,
              annotated(ANY, {
                ...(description === undefined ? {} : { description }),
                ...(kind === 'any' || kind === 'union' ? {} : { notes: [`where it applies: ${kind}`] }),
              }),
            ];
          }),
    );
  }

  /** The node, held to one of its alternatives. Those that only ask for names of it are left out: they would repeat it. */
  #among(node: Read, branches: readonly Read[]): Read {
    const isHint = branches.every(
      (branch) =>
        branch?.kind === 'object' && [...branch.properties.values()].every(({ kind }) => kind === 'any'),
    );
    if (node?.kind === 'object' && node.properties.size > 0 && isHint) return node;
    return join(node, eitherOf(branches.flatMap((branch) => branch ?? [])));
  }

  #annotations(schema: JsonObject, path: Path): Annotations {
    const description = this.#text(schema, 'description', path) ?? this.#text(schema, 'title', path);
    const { default: standard, examples } = schema;
    const some = Array.isArray(examples) ? examples.slice(0, 3).map((value) => JSON.stringify(value)) : [];
    const example = some.join(', ');
    return {
      ...(description === undefined || description === '' ? {} : { description }),
      // null says no more than that nothing is the default.
      ...(standard === undefined || standard === null ? {} : { default: standard }),
      ...(example === '' || example.length > 300 ? {} : { notes: [`for example ${example}`] }),
    };
  }

  #text(schema: JsonObject, word: string, path: Path): string | undefined {
    const value = schema[word];
    if (typeof value === 'string') return value.toWellFormed();
    if (value !== undefined && value !== null)
      this.#refuse([...path, word], `expected a text; this is ${shown(value)}`);
    return undefined;
  }

  #list(schema: JsonObject, word: string, path: Path): [Json, Path][] {
    const given = schema[word];
    if (given === undefined || given === null) return [];
    const parts = word === 'extends' && !Array.isArray(given) ? [given] : given;
    if (Array.isArray(parts)) return parts.map((part, index) => [part, [...path, word, index]]);
    this.#refuse([...path, word], `expected a list of schemas; this is ${shown(given)}`);
    return [];
  }

  #entries(schema: JsonObject, word: string, path: Path): [string, Json][] {
    const given = schema[word];
    if (given === undefined || given === null) return [];
    if (isObject(given)) return Object.entries(given);
    this.#refuse([...path, word], `expected an object with a schema for each name; this is ${shown(given)}`);
    return [];
  }

  #refuse(path: Path, message: string): SchemaNode {
    this.problems.push({ path, message });
    return ANY;
  }
}

/** As {@link bothOf}, where a contradiction inside the schema is not told: the wider of the two stands. */
function join(first: Read, second: Read): Read {
  if (first === null || second === null) return first ?? second;
  return bothOf(first, second) ?? first;
}

/** What is known of a part without looking into it. */
function shallow(target: Json): SchemaNode {
  const type = isObject(target) ? target['type'] : undefined;
  if (type === 'object') return { kind: 'object', properties: new Map(), required: new Set(), others: true };
  return type === 'array' ? { kind: 'array', items: ANY } : ANY;
}

function isOnlyReference(target: Json): boolean {
  return isObject(target) && typeof target['$ref'] === 'string';
}

function isEverything(schema: Json | undefined): boolean {
  return schema === true || (isObject(schema) && Object.keys(schema).length === 0);
}

function inWords(node: SchemaNode): string {
  const name = node.kind === 'union' ? node.branches.map(({ kind }) => kind).join(' or ') : node.kind;
  return node.description === undefined ? name : `${name} (${node.description})`;
}

function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
