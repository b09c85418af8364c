import { AppError } from '../../core/errors.ts';
import { connectionNameOf } from '../../core/models/connection.ts';
import type { ModelEntry } from '../../core/models/model-entry.ts';
import { ADAPTERS } from './adapters.ts';
import { createDemoProvider, type DemoPace } from './demo/demo.ts';
import { createKeyFile } from './key-file.ts';
import type { ModelProvider } from './model-provider.ts';
import { createGate, type Gate } from '../gate/gate.ts';
import { createWaitingRoom } from '../gate/waiting-room.ts';
import { gatedProvider } from './gated-provider.ts';
import { reachOf, type ProviderConnection } from './provider-connection.ts';

export interface ModelProvidersOptions {
  /** By name; those of the vendors among them. */
  connections: Readonly<Record<string, ProviderConnection>>;
  demoPace?: DemoPace;
  /** How many steps may wait at once where a `maxConcurrent` holds them up; default: any number. */
  mayWait?: number;
}

/** Makes the adapter for each model of the catalogue, once for each key that it has, from the settings that only brain workers have. */
export interface ModelProviders {
  /**
   * The adapter that answers for this model; the same one for the same entry, until the file of its key holds another. Throws `model_credentials_refused` when its
   * provider has neither a key nor a base URL of its own.
   */
  for(entry: ModelEntry): ModelProvider;
  /** Whether a step may have to wait for a `maxConcurrent`: of one of these models, or of a provider. */
  limits(entries: readonly ModelEntry[]): boolean;
  /**
   * Counts a step that is going to ask this model, until what it returns is called once. Throws `HandedBack` where the step would wait for
   * its `maxConcurrent` and as many as may do so already.
   */
  reserve(entry: ModelEntry): () => void;
}

export function createModelProviders(options: ModelProvidersOptions): ModelProviders {
  const made = new WeakMap<ModelEntry, { apiKey: string | null; provider: ModelProvider }>();
  const files = new Map<string, () => string | null>();
  const newest = (apiKey: string | null, file: string | null | undefined): string | null => {
    if (file === null || file === undefined) return apiKey;
    const known = files.get(file) ?? createKeyFile(file, apiKey);
    files.set(file, known);
    return known();
  };
  const keyOf = (entry: ModelEntry): string | null => {
    const { apiKey, apiKeyFile } = entry.connection;
    if (apiKey !== undefined) return newest(apiKey, apiKeyFile);
    // A connection's key goes to the connection's own address only, never to the one that a single model names.
    const connection = sharedConnection(entry, options);
    return connection === null ? null : newest(connection.apiKey, connection.apiKeyFile);
  };
  const room = createWaitingRoom(options.mayWait ?? Number.POSITIVE_INFINITY);
  const gates = new Map<string, Gate>();
  const gateOf = (entry: ModelEntry): Gate | null => {
    const { maxConcurrent } = entry.connection;
    const limit = maxConcurrent ?? sharedConnection(entry, options)?.maxConcurrent ?? null;
    if (limit === null) return null;
    const connection = connectionNameOf(entry);
    const name = maxConcurrent === undefined ? connection : `${connection}/${entry.id}`;
    const gate = gates.get(name) ?? createGate(limit);
    gates.set(name, gate);
    return gate;
  };
  return {
    limits: (entries) =>
      Object.values(options.connections).some(({ maxConcurrent = null }) => maxConcurrent !== null) ||
      entries.some(({ connection: { maxConcurrent = null } }) => maxConcurrent !== null),
    reserve(entry) {
      const gate = gateOf(entry);
      return gate === null ? () => undefined : room.reserve(gate);
    },
    for(entry) {
      const apiKey = keyOf(entry);
      const known = made.get(entry);
      if (known?.apiKey === apiKey) return known.provider;
      const adapter = adapterOf(entry, options, apiKey);
      const gate = gateOf(entry);
      const provider = gate === null ? adapter : gatedProvider(adapter, gate);
      made.set(entry, { apiKey, provider });
      return provider;
    },
  };
}

/** The connection that a model is reached by, or null where it has an address of its own. */
function sharedConnection(entry: ModelEntry, options: ModelProvidersOptions): ProviderConnection | null {
  const connection = options.connections[connectionNameOf(entry)];
  const { baseUrl } = entry.connection;
  if (connection === undefined || (baseUrl !== undefined && baseUrl !== connection.baseUrl)) return null;
  return connection;
}

function adapterOf(entry: ModelEntry, options: ModelProvidersOptions, apiKey: string | null): ModelProvider {
  const { demoPace } = options;
  if (entry.provider === 'demo') return createDemoProvider(demoPace === undefined ? {} : { pace: demoPace });
  const name = connectionNameOf(entry);
  const connection = options.connections[name];
  if (connection === undefined) {
    throw new AppError(
      'model_credentials_refused',
      `Model ${entry.id} is reached by the connection ${name}, which this worker does not have: add providers.${name} to its settings, and restart it.`,
    );
  }
  return ADAPTERS[connection.protocol](reachOf(entry, name, connection, apiKey));
}
