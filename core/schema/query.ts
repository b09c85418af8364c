import { z } from 'zod';

/** A whole number in a query string. */
export function queryInteger(minimum: number, maximum: number): z.ZodType<number> {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value),
    z.int(`expected a whole number from ${minimum} to ${maximum}`).min(minimum).max(maximum),
  );
}

/** `true` or `false` in a query string. */
export const QueryBoolean = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean('expected true or false'),
);

/** A repeatable parameter in a query string; a single value is a list of one. */
export function queryList<Item extends z.ZodType>(item: Item, maximum: number): z.ZodType<z.output<Item>[]> {
  return z.preprocess(
    (value) => (typeof value === 'string' ? [value] : value),
    z.array(item).min(1).max(maximum),
  );
}
