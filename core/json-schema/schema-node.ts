import type { Json } from '../json.ts';

/** The words of JSON Schema that bound a value by a number. */
export const LIMITS = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
] as const;
export type Limit = (typeof LIMITS)[number];
export type Limits = { [Name in Limit]?: number };

/** What every node may say besides its kind. */
export interface Annotations {
  description?: string;
  default?: Json;
  /** What else holds for a value, in words, since the node has no field for it. */
  notes?: readonly string[];
}

export interface StringNode extends Annotations {
  kind: 'string';
  values?: readonly string[];
  limits?: Limits;
  pattern?: string;
  format?: string;
}

export interface NumberNode extends Annotations {
  kind: 'integer' | 'number';
  values?: readonly number[];
  limits?: Limits;
}

export interface ArrayNode extends Annotations {
  kind: 'array';
  items: SchemaNode;
  limits?: Limits;
}

export interface ObjectNode extends Annotations {
  kind: 'object';
  properties: ReadonlyMap<string, SchemaNode>;
  /** Names that have to be there; each is one of `properties`. */
  required: ReadonlySet<string>;
  /** What other properties may be; undefined: the schema does not say, so anything. */
  others?: boolean | SchemaNode;
  limits?: Limits;
}

export interface UnionNode extends Annotations {
  kind: 'union';
  /** At least two, none of which is a union or `any`. */
  branches: readonly SchemaNode[];
}

export interface PlainNode extends Annotations {
  kind: 'any' | 'null' | 'boolean';
}

/** A JSON Schema of any draft, read: no references, no conditions, no word that means different things in different drafts. */
export type SchemaNode = StringNode | NumberNode | ArrayNode | ObjectNode | UnionNode | PlainNode;

export const ANY: SchemaNode = { kind: 'any' };

/** The node with what `more` says of it; a description that is already there stays. */
export function annotated<Node extends SchemaNode>(node: Node, more: Annotations): Node {
  const notes = [...new Set([...(node.notes ?? []), ...(more.notes ?? [])])];
  const description = node.description ?? more.description;
  const standard = node.default ?? more.default;
  return {
    ...node,
    ...(description === undefined ? {} : { description }),
    ...(standard === undefined ? {} : { default: standard }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}
