import { APIError, APIUserAbortError } from 'openai';
import { connectionFailure } from '../connection-failure.ts';
import { toModelError } from '../vendor-failure.ts';

/** The port's error for one of the SDK's; defects of ours come back as they are. */
export function toOpenAiFailure(vendor: string): (error: unknown) => unknown {
  return (error) => {
    if (error instanceof APIUserAbortError) return error;
    const connection = connectionFailure(error, vendor);
    if (connection !== undefined) return connection;
    if (!(error instanceof APIError)) return error;
    return toModelError({
      vendor,
      status: error.status ?? statusIn(error.code),
      type: textIn(error.code) ?? textIn(error.type),
      message: messageOf(error),
      headers: error.headers,
      cause: error,
    });
  };
}

/** Some servers put a status where OpenAI has a word, also inside a stream. */
function statusIn(code: unknown): number | undefined {
  const status = Number(code);
  return Number.isInteger(status) && status >= 400 && status < 600 ? status : undefined;
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** What the server said, without the status that the SDK puts before it. */
function messageOf(error: APIError): string | undefined {
  const body: unknown = error.error;
  if (typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string')
    return body.message;
  return typeof body === 'string' ? body : error.message.replace(/^\d{3} /, '');
}
