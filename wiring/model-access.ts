import type { Logger } from 'pino';
import { createModelLists, type ModelLists } from '../activities/upkeep/model-lists.ts';
import type { Config } from '../config.ts';
import type { ConnectionSettings } from '../config/sections/connections.ts';
import { throughConnection, VENDORS } from '../core/models/connection.ts';
import {
  createModelCatalog,
  type ModelCatalog,
  type ModelCatalogInput,
} from '../core/models/model-catalog.ts';
import type { ModelSetting } from '../core/models/model-setting.ts';
import { joinOffers } from '../core/models/model-offer.ts';
import { spokenOf } from '../core/worker-offer.ts';
import { createModelProviders, type ModelProviders } from '../providers/model/create-model-providers.ts';
import { createKeyFile } from '../providers/model/key-file.ts';
import { listServerModels, type ServerAddress } from '../providers/model/list-server-models.ts';
import { createLiveCatalog, type LiveCatalog } from '../providers/model/live-catalog.ts';
import type { ProviderConnection } from '../providers/model/provider-connection.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import { createPostgresImportedModels } from '../providers/store/postgres/imported-models.ts';
import { createPostgresWorkerOffers } from '../providers/store/postgres/worker-offers.ts';

/** The connections whose servers are asked for their models; clouds list none. */
export const importingOf = (config: Config): string[] =>
  Object.entries(config.providers).flatMap(([name, given]) =>
    'import_models' in given && given.import_models ? [name] : [],
  );

/** What the catalogue is made of by these settings, without and with what model servers list. */
export function catalogInput(config: Config, imported: readonly ModelSetting[] = []): ModelCatalogInput {
  const isElsewhere = (name: string) => (config.providers[name]?.base_url ?? null) !== null;
  return {
    // A connection that came into the settings after the process had started is not there yet, and its models neither.
    settings: config.models.flatMap((model) => throughConnection(model, config.providers) ?? []),
    usable: config.usable_providers,
    defaultModel: config.default_model,
    imported,
    connections: config.providers,
    listedOnly: importingOf(config).filter(isElsewhere),
  };
}

/** The models that these settings give, without and with what model servers list. */
export function ownCatalog(config: Config, imported: readonly ModelSetting[] = []): ModelCatalog {
  return createModelCatalog(catalogInput(config, imported));
}

/** The models that this worker runs, with what model servers list where that is asked for. Loaded when it resolves. */
export async function workerCatalog(config: Config, database: Database, log: Logger): Promise<LiveCatalog> {
  const importing = importingOf(config);
  const store = createPostgresImportedModels(database);
  const workers = createPostgresWorkerOffers(database);
  const catalog = createLiveCatalog({
    build: (imported) => ownCatalog(config, imported),
    async isElsewhere(id) {
      const brains = spokenOf(await workers.read(), (offer) => offer.models);
      return brains.isAlive && joinOffers(brains.said, null).resolve(id) !== null;
    },
    read: importing.length === 0 ? null : async () => store.read(importing),
    onProblem: (error) => log.warn({ err: error }, 'the imported models could not be read'),
  });
  await catalog.reload();
  if (config.worker.role === 'hands') return catalog;
  for (const { id, provider } of config.models.filter((model) => catalog.resolve(model.id) === null))
    log.warn({ model: id }, `no agent can name this model: neither it nor providers.${provider} has a key`);
  // Imported models come and go, so that a name nobody knows now may be known later.
  for (const { id, fallback } of catalog.list()) {
    for (const next of fallback.filter((name) => catalog.resolve(name) === null)) {
      log.warn(
        { model: id, fallback: next },
        'a fallback names a model that is not known; it is passed over',
      );
    }
  }
  return catalog;
}

/** Keeps the lists of model servers up to date, from where the keys are. */
export function modelLists(
  config: Config,
  database: Database,
  log: Logger,
  catalog: Pick<LiveCatalog, 'reload'>,
): ModelLists {
  const importing = config.worker.role === 'hands' ? [] : importingOf(config);
  return createModelLists({
    addresses: importing.flatMap((name) => addressOf(config, name)),
    list: listServerModels,
    store: createPostgresImportedModels(database),
    onChange: () => catalog.reload(),
    log,
  });
}

function addressOf(config: Config, name: string): ServerAddress[] {
  const given = config.providers[name];
  const provider = VENDORS.find((vendor) => vendor === given?.protocol);
  if (given === undefined || provider === undefined) return [];
  const key = keyOf(given);
  return [
    {
      connection: name,
      provider,
      baseUrl: given.base_url,
      extraHeaders: given.extra_headers,
      get apiKey() {
        return key();
      },
    },
  ];
}

/** A key that follows the file that it came from, and the settings. */
function keyOf(given: ConnectionSettings): () => string | null {
  let [file, read] = [null as string | null, (): string | null => null];
  return () => {
    const { api_key: key, api_key_file: from } = given;
    if (from === null) return key;
    if (from !== file) [file, read] = [from, createKeyFile(from, key)];
    return read();
  };
}

/** The adapters: made only where the keys are, in a worker with the brain's role. */
export function modelProviders(config: Config): ModelProviders {
  const connections = Object.entries(config.providers).map(
    ([name, given]) => [name, connectionOf(given)] as const,
  );
  return createModelProviders({
    connections: Object.fromEntries(connections),
    // The other half is for what could begin.
    mayWait: Math.floor(config.worker.max_concurrent_activities / 2),
  });
}

function connectionOf(given: ConnectionSettings): ProviderConnection {
  return {
    protocol: given.protocol,
    baseUrl: given.base_url,
    // Keys may change while the process runs.
    get apiKey() {
      return given.api_key;
    },
    get apiKeyFile() {
      return given.api_key_file;
    },
    timeoutSeconds: given.timeout_seconds,
    stallSeconds: given.stall_seconds,
    maxConcurrent: given.max_concurrent_requests,
    extraHeaders: given.extra_headers,
    extraBody: given.extra_body,
    ...('api' in given ? { api: given.api } : {}),
    ...placeOf(given),
  };
}

function placeOf(given: ConnectionSettings): Pick<ProviderConnection, 'cloud'> {
  switch (given.protocol) {
    case 'bedrock': {
      const { region, profile } = given;
      return region === null ? {} : { cloud: { at: 'bedrock', region, profile } };
    }
    case 'vertex': {
      const { project, location, credentials_file: credentialsFile } = given;
      if (project === null || location === null) return {};
      return { cloud: { at: 'vertex', project, location, credentialsFile } };
    }
    case 'azure': {
      const { api_version: apiVersion, client_id: clientId, scope } = given;
      return { cloud: { at: 'azure', apiVersion, clientId, scope } };
    }
    default:
      return {};
  }
}
