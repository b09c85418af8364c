import type { Gate } from '../gate/gate.ts';
import type { ModelProvider } from './model-provider.ts';

/** The provider, whose answers wait at the gate before their requests are sent: what waits there is no silence of the vendor's. */
export function gatedProvider(provider: ModelProvider, gate: Gate): ModelProvider {
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
