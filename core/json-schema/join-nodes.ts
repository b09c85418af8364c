import {
  annotated,
  ANY,
  LIMITS,
  type ArrayNode,
  type Limits,
  type NumberNode,
  type ObjectNode,
  type SchemaNode,
  type StringNode,
} from './schema-node.ts';

/** More alternatives than this are not told apart. */
const MAX_BRANCHES = 64;

type Scalar = StringNode | NumberNode;

/** What takes every value that one of the nodes takes; null when there is none. */
export function eitherOf(nodes: readonly SchemaNode[]): SchemaNode | null {
  const branches: SchemaNode[] = [];
  for (const node of nodes.flatMap((item) => (item.kind === 'union' ? item.branches : [item]))) {
    if (node.kind === 'any') return ANY;
    const index = branches.findIndex((known) => isAlike(known, node));
    const known = branches[index];
    if (known === undefined) branches.push(node);
    else branches[index] = alike(known, node);
  }
  if (branches.length > MAX_BRANCHES || isAnything(branches)) return ANY;
  const [first] = branches;
  if (first === undefined) return null;
  return branches.length === 1 ? first : { kind: 'union', branches };
}

/** Whether the alternatives together are every value: what a schema of any JSON says. */
function isAnything(branches: readonly SchemaNode[]): boolean {
  const isOpen = (node: SchemaNode): boolean =>
    node.kind === 'array'
      ? node.items.kind === 'any' && node.limits === undefined
      : node.kind === 'object'
        ? node.properties.size === 0 && typeof node.others !== 'object' && node.others !== false
        : !isScalar(node) || (node.values === undefined && node.limits === undefined);
  const kinds = new Set(branches.filter(isOpen).map(({ kind }) => kind));
  return (['string', 'number', 'boolean', 'null', 'array', 'object'] as const).every((kind) =>
    kinds.has(kind),
  );
}

function isScalar(node: SchemaNode): node is Scalar {
  return node.kind === 'string' || node.kind === 'integer' || node.kind === 'number';
}

/** Whether two alternatives can be told as one. */
function isAlike(first: SchemaNode, second: SchemaNode): boolean {
  if (first.kind !== second.kind) return false;
  return first.kind === 'null' || first.kind === 'boolean' || isScalar(first) || isSame(first, second);
}

function isSame(first: SchemaNode, second: SchemaNode): boolean {
  return JSON.stringify(first, plain) === JSON.stringify(second, plain);
}

/** Maps and sets as JSON, so that nodes can be compared. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Map) return [...value.entries()] as unknown;
  return value instanceof Set ? [...value] : value;
}

function alike(first: SchemaNode, second: SchemaNode): SchemaNode {
  if (!isScalar(first) || !isScalar(second)) return first;
  const { kind, description, default: standard } = first;
  const [one, two]: (readonly (string | number)[] | undefined)[] = [first.values, second.values];
  const values = one !== undefined && two !== undefined ? [...new Set([...one, ...two])] : undefined;
  const limits = sameLimits(first.limits, second.limits);
  const notes = [
    ...(first.notes ?? []),
    ...(second.notes ?? []),
    ...(values === undefined ? [] : [...meaning(first), ...meaning(second)]),
  ];
  const isOwnDescription = values !== undefined && one?.length === 1;
  return {
    kind,
    ...(values === undefined ? {} : { values }),
    ...(limits === undefined ? {} : { limits }),
    ...(description === undefined || isOwnDescription ? {} : { description }),
    ...(standard === undefined ? {} : { default: standard }),
    ...(notes.length === 0 ? {} : { notes: [...new Set(notes)] }),
  } as Scalar;
}

/** What an alternative with a single value says of that value. */
function meaning({ values, description }: Scalar): string[] {
  return values?.length === 1 && description !== undefined
    ? [`${JSON.stringify(values[0])}: ${description}`]
    : [];
}

function sameLimits(first: Limits | undefined, second: Limits | undefined): Limits | undefined {
  const same = LIMITS.filter((name) => first?.[name] !== undefined && first[name] === second?.[name]);
  return same.length === 0 ? undefined : Object.fromEntries(same.map((name) => [name, first?.[name]]));
}

/**
 * What takes the values that both nodes take, and perhaps more: never less. Null when no value is both.
 */
export function bothOf(first: SchemaNode, second: SchemaNode): SchemaNode | null {
  if (first.kind === 'any') return annotated(second, first);
  if (second.kind === 'any') return annotated(first, second);
  if (first.kind === 'union') return distributed(first.branches, second, first);
  if (second.kind === 'union') return distributed(second.branches, first, first);
  const joined = joinedKinds(first, second);
  return joined && annotated(annotated(joined, first), second);
}

function distributed(
  branches: readonly SchemaNode[],
  other: SchemaNode,
  annotations: SchemaNode,
): SchemaNode | null {
  const { description, notes } = annotations;
  const joined = eitherOf(branches.flatMap((branch) => bothOf(branch, other) ?? []));
  return (
    joined &&
    annotated(joined, {
      ...(description === undefined ? {} : { description }),
      ...(notes === undefined ? {} : { notes }),
    })
  );
}

function joinedKinds(first: SchemaNode, second: SchemaNode): SchemaNode | null {
  if (first.kind === 'string' && second.kind === 'string') return joinedStrings(first, second);
  if (isNumber(first) && isNumber(second)) return joinedNumbers(first, second);
  if (first.kind === 'array' && second.kind === 'array') return joinedArrays(first, second);
  if (first.kind === 'object' && second.kind === 'object') return joinedObjects(first, second);
  return first.kind === second.kind ? first : null;
}

function isNumber(node: SchemaNode): node is NumberNode {
  return node.kind === 'integer' || node.kind === 'number';
}

function joinedStrings(first: StringNode, second: StringNode): StringNode | null {
  const values = joinedValues(first.values, second.values);
  return values === null ? null : { ...second, ...first, ...values, ...joinedLimits(first, second) };
}

function joinedNumbers(first: NumberNode, second: NumberNode): NumberNode | null {
  const values = joinedValues(first.values, second.values);
  const kind = first.kind === 'integer' || second.kind === 'integer' ? 'integer' : 'number';
  return values === null ? null : { ...second, ...first, kind, ...values, ...joinedLimits(first, second) };
}

function joinedArrays(first: ArrayNode, second: ArrayNode): ArrayNode {
  const items = bothOf(first.items, second.items) ?? ANY;
  return { ...second, ...first, items, ...joinedLimits(first, second) };
}

function joinedObjects(first: ObjectNode, second: ObjectNode): ObjectNode {
  const properties = new Map(second.properties);
  for (const [name, node] of first.properties) {
    const other = second.properties.get(name);
    properties.set(name, other === undefined ? node : (bothOf(node, other) ?? node));
  }
  const others = joinedOthers(first, second);
  const { others: _first, ...base } = first;
  return {
    ...base,
    properties: inOrder(properties, [...first.properties.keys()]),
    required: new Set([...first.required, ...second.required]),
    ...(others === undefined ? {} : { others }),
    ...joinedLimits(first, second),
  };
}

function inOrder(
  properties: ReadonlyMap<string, SchemaNode>,
  names: readonly string[],
): Map<string, SchemaNode> {
  return new Map(
    [...names, ...properties.keys()].flatMap((name) => {
      const node = properties.get(name);
      return node === undefined ? [] : [[name, node] as const];
    }),
  );
}

/** Other properties are forbidden only where no part forbids what another one names. */
function joinedOthers(first: ObjectNode, second: ObjectNode): ObjectNode['others'] {
  if (first.others === false || second.others === false) {
    const [closed, open] = first.others === false ? [first, second] : [second, first];
    const isCovered = [...open.properties.keys()].every((name) => closed.properties.has(name));
    return isCovered || open.others === false ? false : undefined;
  }
  const [one, two] = [first.others ?? true, second.others ?? true];
  if (one !== true && two !== true) return bothOf(one, two) ?? one;
  if (one !== true) return one;
  return two === true ? (first.others ?? second.others) : two;
}

function joinedValues<Value>(
  first: readonly Value[] | undefined,
  second: readonly Value[] | undefined,
): { values?: readonly Value[] } | null {
  if (first === undefined || second === undefined) {
    const values = first ?? second;
    return values === undefined ? {} : { values };
  }
  const values = first.filter((value) => second.includes(value));
  return values.length === 0 ? null : { values };
}

function joinedLimits(first: { limits?: Limits }, second: { limits?: Limits }): { limits?: Limits } {
  if (first.limits === undefined && second.limits === undefined) return {};
  const limits: Limits = {};
  for (const name of LIMITS) {
    const [one, two] = [first.limits?.[name], second.limits?.[name]];
    if (one === undefined && two === undefined) continue;
    const tighter = /^(min|exclusiveMin)/.test(name) ? Math.max : Math.min;
    limits[name] = one === undefined || two === undefined ? (one ?? two ?? 0) : tighter(one, two);
  }
  return { limits };
}
