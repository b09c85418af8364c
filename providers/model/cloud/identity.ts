import { identityFailure, type IdentityTrouble } from './identity-failure.ts';

/**
 * Shows a cloud who asks, by headers that hold for a while. It is asked at each request, and keeps by itself what holds still. Fails with an
 * `AppError`: `model_credentials_refused` where there is nobody to ask as, or who it is was refused; `model_unreachable` where whoever
 * hands out tokens did not answer. Aborting `signal` ends the wait with the signal's reason.
 */
export interface Identity {
  /** What can be done where the server refuses it, for messages; absent where it is no more than a key. */
  readonly advice?: string;
  /** @param isRefused - the server did not take the last ones, although they should hold. The same ones mean that there are no others. */
  headers(signal?: AbortSignal | null, isRefused?: boolean): Promise<Record<string, string>>;
}

/** Whoever hands out tokens answers within seconds. */
const PATIENCE_MS = 30_000;
/** How long it is certain that nobody has taken a token back. */
const NEW_MS = 60_000;

/**
 * An identity of a cloud's own package. These remember failures, wait for ever and share one wait between all who ask: what failed, was given
 * up or was refused is thrown away, and the next request begins with another.
 *
 * @param of.make - makes the package's source of headers, which keeps those that hold.
 */
export function createIdentity(of: {
  advice: string;
  make: () => () => Promise<Record<string, string>>;
  /** @param hadToken - whether there was a token before. */
  trouble: (hadToken: boolean) => IdentityTrouble;
}): Identity {
  let source: (() => Promise<Record<string, string>>) | undefined;
  let last: { text: string; since: number } | undefined;
  return {
    advice: of.advice,
    async headers(signal, isRefused = false) {
      // One that is new and refused is refused for what it may do; another would be as well.
      if (isRefused && last !== undefined && Date.now() - last.since > NEW_MS) source = undefined;
      let current: typeof source;
      try {
        current = source ??= of.make();
        const headers = await untilAborted(current(), [
          AbortSignal.timeout(PATIENCE_MS),
          ...(signal === null || signal === undefined ? [] : [signal]),
        ]);
        const text = JSON.stringify(headers);
        if (last?.text !== text) last = { text, since: Date.now() };
        return headers;
      } catch (error) {
        if (source === current) source = undefined;
        signal?.throwIfAborted();
        throw identityFailure(error, of.trouble(last !== undefined));
      }
    },
  };
}

async function untilAborted<Value>(coming: Promise<Value>, signals: AbortSignal[]): Promise<Value> {
  coming.catch(() => undefined);
  const signal = AbortSignal.any(signals);
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([coming, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
