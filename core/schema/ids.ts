import { z } from 'zod';
import { ID_PREFIXES, isId, type IdKind } from '../ids.ts';

/** An id in a path. One of another form names nothing. */
export function idParam(kind: IdKind): z.ZodType<string, string> {
  return z
    .string()
    .max(80)
    .refine((value) => isId(kind, value), `is not an id that starts with ${ID_PREFIXES[kind]}_`)
    .meta({ examples: [`${ID_PREFIXES[kind]}_01k2ab3cd4ef5gh6jk7mn8pq9r`] });
}

/** An id in a body or a filter. Whether it names something is looked up; its form is not looked at. */
export const Reference = z.string().min(1).max(256);
