import { AppError } from '../core/errors.ts';
import type { Environment } from './environment.ts';
import { readSecret } from './read-secret.ts';
import type { ConnectionSettings, Connections } from './sections/connections.ts';

/** Where a key lies that no setting names: those of the vendors' own connections. */
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
    const variable = KEY_VARIABLES[name];
    const fallback = variable === undefined ? undefined : environment[variable];
    const own = [given.api_key, given.api_key_env, given.api_key_file];
    const key = thinks ? (keyOf(name, given, environment) ?? fallback) || null : null;
    const file = thinks && !given.api_key && !given.api_key_env ? given.api_key_file : null;
    // Those of the vendors are all of the protocol of their name.
    resolved[name] = { ...given, api_key: key, api_key_file: file };
    const hasKey = thinks ? key !== null : [...own, fallback].some(Boolean);
    const hasHeaders = Object.keys(given.extra_headers).length > 0;
    if (hasKey || given.base_url !== null || hasHeaders) usable.push(name);
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
