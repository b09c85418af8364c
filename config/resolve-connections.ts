import { AppError } from '../core/errors.ts';
import type { Environment } from './environment.ts';
import { readSecret } from './read-secret.ts';
import type { ConnectionSettings, Connections } from './sections/connections.ts';

/** Where a key lies that no setting names: of the vendors' own connections, and of a cloud whose clients look there by themselves. */
const KEY_VARIABLES: Readonly<Record<string, string>> = {
  anthropic: 'ANTHROPIC_API_KEY',
  openai: 'OPENAI_API_KEY',
  gemini: 'GEMINI_API_KEY',
};

/**
 * The connections with their keys, and the names of those that can be used.
 *
 * @param thinks - whether this part calls models. Elsewhere no key is read, and it is enough that the settings name one.
 */
export function resolveConnections(
  providers: Connections,
  environment: Environment,
  thinks: boolean,
): { providers: Connections; usable: string[] } {
  const resolved: Connections = { ...providers };
  const usable: string[] = [];
  for (const [name, given] of Object.entries(providers)) {
    const variable = variableOf(name, given);
    const fallback = variable === undefined ? undefined : environment[variable];
    const own = [given.api_key, given.api_key_env, given.api_key_file];
    const key = thinks ? (keyOf(name, given, environment) ?? fallback) || null : null;
    const file = thinks && !given.api_key && !given.api_key_env ? given.api_key_file : null;
    // Those of the vendors are all of the protocol of their name.
    resolved[name] = { ...located(name, given, environment, thinks), api_key: key, api_key_file: file };
    const hasKey = thinks ? key !== null : [...own, fallback].some(Boolean);
    const hasHeaders = Object.keys(given.extra_headers).length > 0;
    if (hasKey || hasIdentity(given) || given.base_url !== null || hasHeaders) usable.push(name);
    else if (!Object.hasOwn(KEY_VARIABLES, name)) {
      throw new AppError(
        'bad_config',
        `providers.${name}: expected a key (api_key, api_key_env or api_key_file), a base_url, or both.`,
      );
    }
  }
  return { providers: resolved, usable };
}

function keyOf(name: string, given: ConnectionSettings, environment: Environment): string | null {
  const { api_key: value, api_key_file: file, api_key_env: variable } = given;
  return readSecret({ value, file, variable }, `providers.${name}.api_key`, environment);
}

function variableOf(name: string, { protocol, ...given }: ConnectionSettings): string | undefined {
  if (protocol !== 'bedrock') return KEY_VARIABLES[name];
  const namesIdentity = 'profile' in given && given.profile !== null;
  return namesIdentity ? undefined : 'AWS_BEARER_TOKEN_BEDROCK';
}

/** Whether it needs no key: the machine, or whoever started the service, has an identity in the cloud. */
function hasIdentity({ protocol }: ConnectionSettings): boolean {
  return protocol === 'bedrock' || protocol === 'vertex' || protocol === 'azure';
}

/** Where a cloud's models are has to be known before the first request is made there. Asked for where requests are made only. */
function located(
  name: string,
  given: ConnectionSettings,
  environment: Environment,
  thinks: boolean,
): ConnectionSettings {
  const from = (...variables: string[]): string | null =>
    variables.map((variable) => environment[variable]).find(Boolean) ?? null;
  const needed = (value: string | null, setting: string, example: string, ...variables: string[]) => {
    const found = value ?? from(...variables);
    if (found !== null || !thinks) return found;
    throw new AppError(
      'bad_config',
      `providers.${name}.${setting}: expected ${example}; set it, or the environment variable ${variables.join(' or ')}.`,
    );
  };
  switch (given.protocol) {
    case 'bedrock':
      return {
        ...given,
        region: needed(
          given.region,
          'region',
          'a region such as eu-central-1',
          'AWS_REGION',
          'AWS_DEFAULT_REGION',
        ),
      };
    case 'vertex':
      return {
        ...given,
        project: needed(
          given.project,
          'project',
          'the id of the Google Cloud project',
          'GOOGLE_CLOUD_PROJECT',
        ),
        location: needed(
          given.location,
          'location',
          'a location such as global or europe-west1',
          'GOOGLE_CLOUD_LOCATION',
        ),
      };
    default:
      return given;
  }
}
