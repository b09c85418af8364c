import type { Attributes } from '@opentelemetry/api';
import { isCloud, type Protocol } from '../../core/models/connection.ts';
import { serverOf } from '../../core/models/known/database.ts';
import type { ModelProviderKind } from '../../core/models/model-entry.ts';
import type { ModelUsage } from '../model/model-provider.ts';

/** Who answers for a model: the connection by its name in the settings, and the vendor as OpenTelemetry's conventions name it. */
export interface AnsweringProvider {
  connection: string;
  vendor: string;
}

/** Where a model is asked. */
export interface AskedAt {
  /** The form of its requests. */
  provider: ModelProviderKind;
  /** The protocol of its connection; absent: that of its provider. */
  protocol?: Protocol | undefined;
  /** Absent or null: the vendor's own. */
  address?: string | null | undefined;
}

/** The value of `gen_ai.provider.name`: by the cloud, by the address where it is one that is known, else by the form of the requests. */
export function genAiProvider({ provider, protocol, address }: AskedAt): string {
  const server = address === undefined || address === null ? null : serverOf(address);
  const place = protocol !== undefined && isCloud(protocol) ? protocol : (server ?? provider);
  if (place === 'azure' && provider === 'anthropic') return 'azure.ai.inference';
  return NAMES[place] ?? NAMES[provider] ?? provider;
}

/** By https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai. */
const NAMES: Readonly<Record<string, string>> = {
  anthropic: 'anthropic',
  openai: 'openai',
  gemini: 'gcp.gemini',
  bedrock: 'aws.bedrock',
  vertex: 'gcp.vertex_ai',
  azure: 'azure.ai.openai',
  xai: 'x_ai',
  deepseek: 'deepseek',
  mistral: 'mistral_ai',
  groq: 'groq',
};

/** Tokens as the conventions count them: the input with what came from caches and went into them. */
export function usageAttributes(usage: ModelUsage): Attributes {
  const written = usage.cache_creation_5m_input_tokens + usage.cache_creation_1h_input_tokens;
  return {
    'gen_ai.usage.input_tokens': usage.input_tokens + usage.cache_read_input_tokens + written,
    'gen_ai.usage.output_tokens': usage.output_tokens,
    'gen_ai.usage.cache_read.input_tokens': usage.cache_read_input_tokens,
    'gen_ai.usage.cache_creation.input_tokens': written,
  };
}
