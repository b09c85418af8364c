import { createHash } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import type { Environment } from './environment.ts';
import { readSecret } from './read-secret.ts';
import { resolveConnections } from './resolve-connections.ts';
import { resolveNetwork, type ResolvedNetwork } from './resolve-network.ts';
import type { Settings } from './schema.ts';

type ModelSetting = Omit<Settings['models'][number], 'api_key_env'> & { has_key?: boolean };

/**
 * The settings after the environment and the files they name have been read. `data_dir` is absolute. Secrets hold the secret
 * itself (a model's key is its own or, where it names none, absent: then the provider's counts); the file of a key is named beside it
 * only where the key came from it.
 */
export interface ResolvedSettings extends Omit<Settings, 'auth' | 'models' | 'encryption' | 'network'> {
  network: ResolvedNetwork;
  auth: Omit<Settings['auth'], 'keys'> & {
    keys: { id: string; workspace: string; operator: boolean; sha256: string }[];
  };
  models: ModelSetting[];
  /** Connections that have a key, an identity or a base URL of their own by these settings. Known to every part, unlike the keys. */
  usable_providers: string[];
  /** The first encrypts, all decrypt; 32 bytes each. */
  encryption: { keys: { id: string; key: Buffer }[] };
}

/** Which part of the service reads the settings. Provider keys exist only in a `worker` with the brain's role. */
export type Part = 'api' | 'worker' | 'supervisor' | 'command';

/** Replaces each reference to a secret by the secret. Throws `bad_config` where one cannot be read. */
export function resolveSecrets(settings: Settings, environment: Environment, part: Part): ResolvedSettings {
  const read = (name: string, value?: string | null, file?: string | null, variable?: string | null) =>
    readSecret({ value, file, variable }, name, environment);
  // A secret is read where it is used only: the other parts may run where its file or variable is not.
  const thinks = part === 'worker' && settings.worker.role !== 'hands';
  const servesApi = part === 'api' || part === 'supervisor';
  const runsTools = part === 'worker' && settings.worker.role !== 'brain';
  const { temporal, blobs, sandbox, web_search: search } = settings;
  const connections = resolveConnections(settings.providers, environment, thinks);
  return {
    ...settings,
    network: resolveNetwork(settings.network, environment),
    usable_providers: connections.usable,
    providers: connections.providers,
    models: settings.models.map(({ api_key, api_key_env, api_key_file, ...model }, index) => {
      const key = thinks ? read(`models.${index}.api_key`, api_key, api_key_file, api_key_env) : null;
      const own = api_key ?? api_key_env ?? api_key_file;
      const file = api_key || api_key_env ? undefined : api_key_file;
      return {
        ...model,
        ...(own === undefined ? {} : { has_key: true }),
        ...(key === null ? {} : { api_key: key, ...(file === undefined ? {} : { api_key_file: file }) }),
      };
    }),
    auth: {
      ...settings.auth,
      keys: (servesApi ? settings.auth.keys : []).map((given, index) => {
        const { id, workspace, operator, sha256, key_env, key_file } = given;
        const key = read(`auth.keys.${index}.key`, null, key_file, key_env);
        const hash = sha256 ?? sha256Of(key ?? '');
        // Who shows no key at all would have shown this one.
        if (hash === sha256Of('')) {
          throw new AppError('bad_config', `auth.keys.${index}: expected a key, got an empty one.`);
        }
        return { id, workspace, operator, sha256: hash };
      }),
    },
    encryption: {
      keys: settings.encryption.keys.map(({ id, key_env, key_file }, index) => {
        const key = Buffer.from(
          read(`encryption.keys.${index}.key`, null, key_file, key_env) ?? '',
          'base64',
        );
        if (key.length === 32) return { id, key };
        throw new AppError(
          'bad_config',
          `encryption.keys.${index}: expected 32 bytes in base64, got ${key.length} bytes.`,
        );
      }),
    },
    temporal: { ...temporal, api_key: read('temporal.api_key', temporal.api_key, temporal.api_key_file) },
    blobs: {
      ...blobs,
      s3_secret_access_key: read(
        'blobs.s3_secret_access_key',
        blobs.s3_secret_access_key,
        blobs.s3_secret_access_key_file,
      ),
    },
    sandbox: {
      ...sandbox,
      aio_api_key: runsTools
        ? read('sandbox.aio_api_key', sandbox.aio_api_key, sandbox.aio_api_key_file)
        : null,
    },
    web_search: {
      ...search,
      api_key: runsTools
        ? read('web_search.api_key', search.api_key, search.api_key_file, search.api_key_env)
        : null,
    },
  };
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
