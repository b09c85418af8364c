import { AppError } from '../../../core/errors.ts';
import type { CloudPlace, Reach } from '../provider-connection.ts';
import { serverAt, type ServerAddress } from '../vendor/servers.ts';

export type PlaceAt<Cloud extends CloudPlace['at']> = Extract<CloudPlace, { at: Cloud }>;

/** Where a connection's cloud is. Throws `model_credentials_refused` where the settings do not say. */
export function placeOf<Cloud extends CloudPlace['at']>(
  { connection: { cloud }, through }: Reach,
  at: Cloud,
): PlaceAt<Cloud> {
  if (cloud?.at === at) return cloud as PlaceAt<Cloud>;
  throw new AppError(
    'model_credentials_refused',
    `The settings of this worker do not say where in the cloud providers.${through} is: ${NEEDED[at]}`,
  );
}

const NEEDED: Record<CloudPlace['at'], string> = {
  bedrock: 'set its region.',
  vertex: 'set its project and location.',
  azure: 'set its base_url.',
};

/** The address of Vertex AI at a location, without the version of its API; `global`, `us` and `eu` are not in one region. */
export function vertexUrl(location: string): string {
  const host =
    location === 'global'
      ? 'aiplatform.googleapis.com'
      : location === 'us' || location === 'eu'
        ? `aiplatform.${location}.rep.googleapis.com`
        : `${location}-aiplatform.googleapis.com`;
  return `https://${host}`;
}

/** The addresses of a resource of Azure for each form of requests, by any of the addresses that its page shows. */
export function azureUrls(given: string): { openai: string; anthropic: string; older: string } {
  const url = new URL(given);
  const prefix = url.pathname.replace(/\/+$/, '').replace(/\/(openai(\/v1)?|anthropic(\/v1)?)$/, '');
  // Claude is at the address of the resource that has no product in its name.
  const host = url.host.replace(/\.(openai|cognitiveservices)\.azure\./, '.services.ai.azure.');
  return {
    openai: `${url.protocol}//${url.host}${prefix}/openai/v1${url.search}`,
    older: `${url.protocol}//${url.host}${prefix}/openai`,
    anthropic: `${url.protocol}//${host}${prefix}/anthropic`,
  };
}

/** Where requests go, for traces. */
export function serverOfCloud({ baseUrl, connection: { cloud } }: Reach): ServerAddress {
  if (baseUrl !== undefined) return serverAt(baseUrl);
  if (cloud?.at === 'vertex') return serverAt(vertexUrl(cloud.location));
  if (cloud?.at === 'bedrock') return serverAt(bedrockUrl(cloud.region));
  return serverAt('https://azure.invalid');
}

function bedrockUrl(region: string): string {
  return `https://bedrock-runtime.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}
