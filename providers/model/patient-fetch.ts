import { outboundFetch } from '../network/outbound-fetch.ts';
import type { Identity } from './cloud/identity.ts';
import { readableRefusal } from './error-body.ts';

/** Of one answer: more than any model says, whose every token may come with half a kilobyte around it. */
const ANSWER_BYTES = 256 * 1024 * 1024;

/**
 * Connections without time limits of their own: left alone, Node's `fetch` gives up on an answer that brings nothing for five minutes,
 * which a model that thinks for long, or reads a long prompt on a small machine, may well do. How long is too long is the stream
 * guard's to say. What never ends is cut off before it fills the memory.
 */
const outbound = outboundFetch({ headersTimeout: 0, bodyTimeout: 0, maxResponseSize: ANSWER_BYTES });

/**
 * `fetch` for model requests: waits until the answer comes or the request's signal aborts. A refusal has a body that every SDK reads.
 *
 * @param identity - whose headers go with it. Where the server refuses them (401), it is asked once more with others, if there are any.
 */
export async function patientFetch(
  url: string | URL | Request,
  init: RequestInit | undefined,
  headers: Headers,
  identity?: Identity,
): Promise<Response> {
  if (identity === undefined) return readableRefusal(await outbound(url, { ...init, headers }));
  const shown = await identity.headers(init?.signal);
  const response = await outbound(url, { ...init, headers: withShown(headers, shown) });
  if (response.status !== 401) return readableRefusal(response);
  const others = await identity.headers(init?.signal, true);
  if (JSON.stringify(others) === JSON.stringify(shown)) return readableRefusal(response);
  await response.body?.cancel();
  return readableRefusal(await outbound(url, { ...init, headers: withShown(headers, others) }));
}

function withShown(headers: Headers, shown: Record<string, string>): Headers {
  const all = new Headers(headers);
  for (const [name, value] of Object.entries(shown)) all.set(name, value);
  return all;
}
