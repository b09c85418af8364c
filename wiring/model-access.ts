import type { Config } from '../config.ts';
import { createModelCatalog, type ModelCatalog } from '../core/models/model-catalog.ts';
import { createModelProviders, type ModelProviders } from '../providers/model/create-model-providers.ts';

type Vendor = keyof Config['providers'];

/** The models that agents may name. */
export function modelCatalog(config: Config): ModelCatalog {
  return createModelCatalog({
    settings: config.models,
    usable: config.usable_providers,
    defaultModel: config.default_model,
  });
}

/** The adapters: made only where the keys are, in a worker with the brain's role. */
export function modelProviders(config: Config): ModelProviders {
  const connection = (vendor: Vendor) => {
    const given = config.providers[vendor];
    return {
      baseUrl: given.base_url,
      apiKey: given.api_key,
      timeoutSeconds: given.timeout_seconds,
      stallSeconds: given.stall_seconds,
    };
  };
  return createModelProviders({
    anthropic: connection('anthropic'),
    openai: { ...connection('openai'), api: config.providers.openai.api },
    gemini: connection('gemini'),
  });
}
