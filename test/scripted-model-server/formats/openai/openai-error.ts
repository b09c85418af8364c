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

export function openAiTooLong(tokens: number, window: number): { type: string; message: string } {
  const limit = `This model's maximum context length is ${String(window)} tokens.`;
  return {
    type: 'context_length_exceeded',
    message: `${limit} Your messages resulted in ${String(tokens)}.`,
  };
}
