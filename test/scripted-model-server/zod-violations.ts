import type { z } from 'zod';

/** What a schema finds wrong, with the place. */
export function zodViolations(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}
