import type { z } from 'zod';
import { AppError } from '../core/errors.ts';

const MAX_NAMED = 5;
const MAX_QUOTED = 300;

/**
 * Parses what a client sent. Throws `invalid_request` whose message names each wrong field; a custom issue with `params.error_code`
 * gives the error its machine-readable reason.
 *
 * @param whole - what is named where no field is.
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  prefix?: string,
  whole: 'body' | 'query' = 'body',
): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: false });
  if (result.success) return result.data;
  throw toInvalidRequest(result.error, prefix, whole);
}

function toInvalidRequest(error: z.ZodError, prefix: string | undefined, whole: string): AppError {
  const issues = error.issues.flatMap(flatten);
  const named = issues.slice(0, MAX_NAMED).map(({ path, message }) => {
    const where = [...(prefix === undefined ? [] : [prefix]), ...path.map(String)].join('.');
    return `${shortened(where === '' ? whole : where)}: ${shortened(message)}`;
  });
  const more = issues.length > MAX_NAMED ? `; and ${issues.length - MAX_NAMED} more` : '';
  const code = issues.map(({ code: reason }) => reason).find((reason) => reason !== undefined);
  return new AppError(
    'invalid_request',
    named.join('; ') + more,
    code === undefined ? {} : { details: { error_code: code } },
  );
}

/** Messages quote what clients send, which may be long. */
function shortened(text: string): string {
  return text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED).toWellFormed()}…`;
}

interface FlatIssue {
  path: PropertyKey[];
  message: string;
  code: string | undefined;
}

/** Of a union's branches the one that got furthest says what is wrong. */
function flatten(issue: z.core.$ZodIssue): FlatIssue[] {
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branches = issue.errors.map((branch) =>
      branch.flatMap(flatten).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })),
    );
    const depth = (branch: FlatIssue[]) => Math.max(...branch.map(({ path }) => path.length));
    const deepest = Math.max(...branches.map(depth));
    if (deepest > issue.path.length) return branches.find((branch) => depth(branch) === deepest) ?? [];
    const expected = [...new Set(branches.flat().map(({ message }) => message))].join(' or ');
    return [{ path: issue.path, message: expected, code: undefined }];
  }
  const reason = issue.code === 'custom' ? issue.params?.['error_code'] : undefined;
  return [
    { path: issue.path, message: issue.message, code: typeof reason === 'string' ? reason : undefined },
  ];
}
