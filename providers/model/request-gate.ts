import type { ModelProvider } from './model-provider.ts';

/** Lets so many requests run at once; the others wait, in the order in which they came. */
export interface RequestGate {
  /** Resolves when it is one's turn, to the function that lets the next one in. Rejects with the signal's reason when that aborts before. */
  enter(signal: AbortSignal): Promise<() => void>;
}

export function createRequestGate(limit: number): RequestGate {
  let running = 0;
  const waiting = new Set<() => void>();

  const leave = () => {
    running--;
    const [next] = waiting;
    next?.();
  };
  return {
    async enter(signal) {
      signal.throwIfAborted();
      if (running >= limit) {
        await new Promise<void>((resolve, reject) => {
          const done = () => {
            waiting.delete(begin);
            signal.removeEventListener('abort', giveUp);
          };
          const begin = () => {
            done();
            // Taken here, so that nobody who comes meanwhile goes first.
            running++;
            resolve();
          };
          const giveUp = () => {
            done();
            reject(signal.reason as Error);
          };
          waiting.add(begin);
          signal.addEventListener('abort', giveUp, { once: true });
        });
      } else {
        running++;
      }
      return leave;
    },
  };
}

/** The provider, whose answers wait at the gate before their requests are sent: what waits there is no silence of the vendor's. */
export function gatedProvider(provider: ModelProvider, gate: RequestGate): ModelProvider {
  return {
    ...provider,
    async *stream(request, signal) {
      const leave = await gate.enter(signal);
      try {
        yield* provider.stream(request, signal);
      } finally {
        leave();
      }
    },
  };
}
