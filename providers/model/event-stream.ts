import { toModelError } from './vendor-failure.ts';

/** Fails as `model_unreachable` unless the answer is an event stream: a proxy's page with status 200 is no answer. */
export function refuseUnlessEventStream(response: Response, vendor: string): void {
  const type = response.headers.get('content-type') ?? 'nothing';
  if (/^text\/event-stream\b/i.test(type)) return;
  void response.body?.cancel().catch(() => undefined);
  throw toModelError({
    vendor,
    message: `expected an event stream but got ${type.slice(0, 100)}; is the base URL right?`,
  });
}
