import type { Gate } from '../gate/gate.ts';
import type { WaitingRoom } from '../gate/waiting-room.ts';
import type { ModelProvider } from './model-provider.ts';

/**
 * The provider, whose answers wait at the gate before their requests are sent: what waits there is no silence of the vendor's. A stream for
 * which there is no room to wait fails with `HandedBack`.
 */
export function gatedProvider(provider: ModelProvider, gate: Gate, room: WaitingRoom): ModelProvider {
  return {
    ...provider,
    async *stream(request, signal) {
      const leave = await room.enter(gate, signal);
      try {
        yield* provider.stream(request, signal);
      } finally {
        leave();
      }
    },
  };
}
