import type { ModelProvider } from './model-provider.ts';
import type { ServerAddress } from './vendor/servers.ts';

/**
 * An adapter whose code is loaded at its first request: a vendor's SDK takes some 30 MB, and most workers speak to one vendor only.
 */
export function loadedLater(
  name: string,
  server: ServerAddress,
  load: () => Promise<ModelProvider>,
): ModelProvider {
  let loading: Promise<ModelProvider> | undefined;
  return {
    name,
    server,
    async *stream(request, signal) {
      loading ??= load();
      yield* (await loading).stream(request, signal);
    },
    async countTokens(request, signal) {
      loading ??= load();
      return (await (await loading).countTokens?.(request, signal)) ?? null;
    },
  };
}
