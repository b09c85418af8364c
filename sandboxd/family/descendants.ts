import type { ProcessRow } from '../processes.ts';

/** Every process among `rows` that descends from one of `roots`; the roots themselves are not among them. */
export function descendantsOf(rows: readonly ProcessRow[], roots: Iterable<number>): ProcessRow[] {
  const children = new Map<number, ProcessRow[]>();
  for (const row of rows) {
    const siblings = children.get(row.parent);
    if (siblings === undefined) children.set(row.parent, [row]);
    else siblings.push(row);
  }
  const found: ProcessRow[] = [];
  const seen = new Set<number>(roots);
  const next = [...seen];
  for (let parent = next.pop(); parent !== undefined; parent = next.pop()) {
    for (const child of children.get(parent) ?? []) {
      if (seen.has(child.pid)) continue;
      seen.add(child.pid);
      found.push(child);
      next.push(child.pid);
    }
  }
  return found;
}
