import { APIConnectionError, APIError } from '@anthropic-ai/sdk';

/** What went wrong, in words for a person: the service's own message where it sent one. */
export function problemText(error: unknown): string {
  if (error instanceof APIConnectionError) return 'The service cannot be reached.';
  if (error instanceof APIError) {
    const body: unknown = error.error;
    const inner = isRecord(body) && isRecord(body['error']) ? body['error']['message'] : undefined;
    return typeof inner === 'string' ? inner : error.message;
  }
  return error instanceof Error ? error.message : String(error);
}

/** Whether the service asks for another key, or for one at all. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof APIError && error.status === 401;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
