import { APIError, APIUserAbortError } from 'openai';
import type { Json } from '../../../core/json.ts';
import { connectionFailure } from '../connection-failure.ts';
import { readErrorBody } from '../error-body.ts';
import { toModelError } from '../vendor-failure.ts';

/** The port's error for one of the SDK's; defects of ours come back as they are. */
export function toOpenAiFailure(vendor: string, identityAdvice?: string): (error: unknown) => unknown {
  return (error) => {
    if (error instanceof APIUserAbortError) return error;
    const connection = connectionFailure(error, vendor);
    if (connection !== undefined) return connection;
    if (!(error instanceof APIError)) return error;
    return toModelError({
      vendor,
      status: error.status ?? statusIn(error.code),
      type: wordIn(error.code) ?? wordIn(error.type),
      message: messageOf(error),
      headers: error.headers,
      identityAdvice,
      cause: error,
    });
  };
}

/** Some servers put a status where OpenAI has a word, also inside a stream. */
function statusIn(code: unknown): number | undefined {
  const status = Number(code);
  return Number.isInteger(status) && status >= 400 && status < 600 ? status : undefined;
}

/** The vendor's name or number for it; some servers repeat the status here. */
function wordIn(value: unknown): string | undefined {
  const word = typeof value === 'number' ? String(value) : value;
  return typeof word === 'string' && word !== '' && !/^[1-5]\d\d$/.test(word) ? word : undefined;
}

/** What the server said, without the status that the SDK puts before it. */
function messageOf(error: APIError): string | undefined {
  const body = error.error as Json | undefined;
  return (
    (body === undefined ? undefined : readErrorBody(body).message) ?? error.message.replace(/^\d{3} /, '')
  );
}
