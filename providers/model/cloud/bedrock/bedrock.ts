import { createAnthropicProvider } from '../../anthropic/anthropic.ts';
import type { ModelProvider } from '../../model-provider.ts';
import type { Reach } from '../../provider-connection.ts';
import { createBedrockClient } from './bedrock-client.ts';
import { invokeTransport } from './invoke-transport.ts';
import { createConverseProvider } from './converse/converse.ts';

export const VENDOR = 'Amazon Bedrock';

/** A model of Bedrock: Claude by the vendor's own form of requests, the others by Converse, which is one form for all. */
export function createBedrockProvider(reach: Reach): ModelProvider {
  const { entry, apiKey, limits, extraBody, extraHeaders, through } = reach;
  const client = createBedrockClient(reach);
  const advice =
    apiKey === null
      ? 'Allow it bedrock:InvokeModelWithResponseStream on the model and its inference profile, and see that the account has access to the model in the region.'
      : undefined;
  if (entry.provider !== 'anthropic')
    return createConverseProvider({
      client,
      vendor: VENDOR,
      name: `bedrock@${through}`,
      advice,
      limits,
      traits: entry,
      extraBody,
    });
  const betas = Object.entries(extraHeaders)
    .filter(([name]) => name.toLowerCase() === 'anthropic-beta')
    .flatMap(([, value]) => value.split(',').map((beta) => beta.trim()));
  const transport = invokeTransport({ client, vendor: VENDOR, advice, betas });
  return createAnthropicProvider({ apiKey, limits, traits: entry, extraBody, transport });
}
