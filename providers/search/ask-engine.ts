import { z } from 'zod';

import { AppError } from '../../core/errors.ts';
import { jsonFault } from '../../core/json-fault.ts';
import { outboundFetch } from '../network/outbound-fetch.ts';
import { readAtMost } from '../network/read-at-most.ts';

const outbound = outboundFetch();

const ANSWER_MS = 20_000;
const ANSWER_BYTES = 4 * 1024 * 1024;

async function textOf({ body }: Response): Promise<string> {
  const tooMuch = (): Error => new AppError('unavailable', 'The search engine answered with too much.');
  return body === null ? '' : (await readAtMost(body, ANSWER_BYTES, tooMuch)).toString('utf8');
}

/** Sends one request to a search engine and checks its answer against a schema. */
export async function askEngine<Answer>(
  engine: string,
  url: URL,
  init: RequestInit,
  schema: z.ZodType<Answer>,
  signal: AbortSignal,
): Promise<Answer> {
  const fail = (what: string, options: { retryAfterMs?: number; cause?: unknown } = {}): never => {
    throw new AppError('unavailable', `The search engine ${engine} ${what}.`, options);
  };
  let response: Response;
  let text: string;
  try {
    response = await outbound(url, {
      ...init,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    text = await textOf(response);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError) throw error;
    return fail('cannot be reached', { cause: error });
  }
  if (!response.ok) {
    const seconds = Number(response.headers.get('retry-after'));
    return fail(`answered ${response.status}`, seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {});
  }
  let json: unknown;
  const fault = jsonFault(text);
  if (fault !== null) return fail(`answered with JSON that ${fault}`);
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return fail('answered with something that is no JSON', { cause });
  }
  const parsed = schema.safeParse(json);
  return parsed.success
    ? parsed.data
    : fail(`answered in an unknown form (${z.prettifyError(parsed.error)})`);
}
