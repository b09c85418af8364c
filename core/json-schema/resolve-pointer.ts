import type { Json, JsonObject } from '../json.ts';

/** What a reference within a document refers to: a JSON pointer, `#`, or a name given by `$anchor` or `$id`. Undefined: nothing in it. */
export function resolvePointer(root: Json, reference: string): Json | undefined {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return named(root, reference, 0);
  let value: Json | undefined = root;
  for (const token of reference.slice(2).split('/').map(unescaped)) {
    if (Array.isArray(value)) value = /^\d+$/.test(token) ? value[Number(token)] : undefined;
    else if (typeof value === 'object' && value !== null)
      value = Object.hasOwn(value, token) ? value[token] : undefined;
    else return undefined;
  }
  return value;
}

function unescaped(token: string): string {
  let text = token;
  try {
    text = decodeURIComponent(token);
  } catch {
    // A percent sign that begins no escape stands for itself.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}

function named(value: Json, reference: string, depth: number): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || depth > 64) return undefined;
  if (!Array.isArray(value)) {
    const { $anchor: anchor, $id: id, id: oldId } = value;
    const names = [typeof anchor === 'string' ? `#${anchor}` : null, id, oldId];
    if (names.includes(reference)) return value;
  }
  for (const inner of Object.values(value)) {
    const found = named(inner, reference, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
