import type { CreatedRange, Position, Slice } from '../position.ts';

/** Collects the conditions and values of a statement. */
export interface Conditions {
  /** Adds a condition; each `?` in it stands for the next of `values`. */
  add(condition: string, ...values: unknown[]): void;
  /** Adds a value and returns its placeholder. */
  value(value: unknown): string;
  readonly sql: string;
  readonly values: unknown[];
}

export function conditions(): Conditions {
  const parts: string[] = [];
  const values: unknown[] = [];
  const value = (item: unknown) => `$${values.push(item)}`;
  return {
    add(condition, ...items) {
      const rest = [...items];
      parts.push(condition.replace(/\?/g, () => value(rest.shift())));
    },
    value,
    get sql() {
      return parts.length === 0 ? 'true' : parts.map((part) => `(${part})`).join(' AND ');
    },
    values,
  };
}

/** Restricts to creation times. `column` is a timestamptz. */
export function addRange(where: Conditions, column: string, range: CreatedRange): void {
  const bounds: [string, number | undefined][] = [
    ['>', range.gt],
    ['>=', range.gte],
    ['<', range.lt],
    ['<=', range.lte],
  ];
  for (const [operator, bound] of bounds) {
    if (bound !== undefined) where.add(`${column} ${operator} to_timestamp(? / 1000.0)`, bound);
  }
}

/** Restricts to what comes after a position, in a list that is ordered newest first. */
export function addAfter(where: Conditions, alias: string, after: Position | null): void {
  if (after === null) return;
  where.add(`(${alias}.created_at, ${alias}.id) < (to_timestamp(? / 1000.0), ?)`, after.at, after.id);
}

/** Cuts what was read with one row too many. */
export function sliceOf<Row extends { id: string; created_at: number }, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
): Slice<Item> {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  const next = rows.length > limit && last ? { at: last.created_at, id: last.id } : null;
  return { items: kept.map(toItem), next };
}

/** Unix milliseconds as the API writes times. */
export function toIso(milliseconds: number): string;
export function toIso(milliseconds: number | null): string | null;
export function toIso(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}
