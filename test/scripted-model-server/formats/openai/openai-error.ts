const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'invalid_api_key',
  429: 'rate_limit_exceeded',
};

/** An error as OpenAI's APIs put it. */
export function openAiError(status: number, type: string | undefined, message: string): string {
  const code = type ?? TYPES[status] ?? null;
  return JSON.stringify({
    error: { message, type: type ?? TYPES[status] ?? 'server_error', param: null, code },
  });
}
