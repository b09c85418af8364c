import { BedrockRuntimeClient, type BedrockRuntimeClientConfig } from '@aws-sdk/client-bedrock-runtime';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { outboundHttpAgent, outboundHttpsAgent } from '../../../network/outbound-agents.ts';
import type { Reach } from '../../provider-connection.ts';
import { identityFailure } from '../identity-failure.ts';
import { placeOf } from '../places.ts';

/** AWS's client, which signs each request by the default chain of credentials, or shows the key. It retries nothing. */
export function createBedrockClient(reach: Reach): BedrockRuntimeClient {
  const { region, profile } = placeOf(reach, 'bedrock');
  const { baseUrl, apiKey, through, extraHeaders } = reach;
  const requestHandler = new NodeHttpHandler({
    httpAgent: outboundHttpAgent(baseUrl ?? null, { keepAlive: true }),
    httpsAgent: outboundHttpsAgent({ keepAlive: true }),
  });
  const client = new BedrockRuntimeClient({
    region,
    requestHandler,
    maxAttempts: 1,
    ...(baseUrl === undefined ? {} : { endpoint: baseUrl }),
    ...(apiKey === null
      ? {
          credentials: credentialsOf({ region, profile, through, requestHandler }),
          authSchemePreference: ['sigv4'],
        }
      : { token: { token: apiKey }, authSchemePreference: ['httpBearerAuth'] }),
  });
  client.middlewareStack.add(
    (next) => (args) => {
      const { request } = args as { request: { headers: Record<string, string> } };
      for (const [name, value] of Object.entries(extraHeaders))
        if (!IN_THE_BODY.test(name)) request.headers[name.toLowerCase()] = value;
      return next(args);
    },
    { step: 'build', name: 'configuredHeaders' },
  );
  return client;
}

/** What has a field of its own in this cloud's requests. */
const IN_THE_BODY = /^anthropic-(beta|version)$/i;

type Credentials = Extract<
  NonNullable<BedrockRuntimeClientConfig['credentials']>,
  (...args: never) => unknown
>;

/** The default chain: environment, profiles, SSO, processes, web identities, containers, the machine's role. */
function credentialsOf(of: {
  region: string;
  profile: string | null;
  through: string;
  requestHandler: NodeHttpHandler;
}): Credentials {
  const { region, profile, through, requestHandler } = of;
  const make = () =>
    defaultProvider({
      ...(profile === null ? {} : { profile }),
      clientConfig: { region, requestHandler },
    });
  let chain = make();
  let hadCredentials = false;
  return async (...given) => {
    try {
      const credentials = await chain(...given);
      hadCredentials = true;
      return credentials;
    } catch (error) {
      chain = make();
      throw identityFailure(error, {
        vendor: 'Amazon Bedrock',
        advice: `Give the machine a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, providers.${through}.profile (after aws sso login where it is one of SSO), or a key of Bedrock as providers.${through}.api_key.`,
        isKnownToBeThere: hadCredentials,
      });
    }
  };
}
