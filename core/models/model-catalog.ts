import { demoModel } from './demo-model.ts';
import { serverOf } from './known/database.ts';
import { describeModel, layered, type Asked, type Origin } from './known/describe.ts';
import {
  connectionNameOf,
  isCloud,
  VENDORS,
  wireOf,
  type Connection,
  type ConnectionPlaces,
} from './connection.ts';
import { entryOf, type ModelFact } from './known/model-facts.ts';
import { vendorOf } from './known/vendor-of.ts';
import { likedFacts } from './like.ts';
import { listedIds } from './listed-models.ts';
import type { ModelConnection, ModelEntry, ModelProviderKind } from './model-entry.ts';
import type { ModelSetting } from './model-setting.ts';
import { statedConnection, statedFacts } from './with-setting.ts';

/** Every model that agents may name. Pure data: the api lists it, the worker runs by it. */
export interface ModelCatalog {
  /**
   * The entry of an id, or null; the same one each time, since what is learned of a model is remembered by its entry. Besides the listed ones any further id of a usable provider's own models resolves, with what is known
   * of it or of its family, and `<connection>/<model>` is a model of that named connection, by the vendor's name for it.
   */
  resolve(id: string): ModelEntry | null;
  /** All listed entries that can be reached: configured ones first, then the newest. */
  list(): readonly ModelEntry[];
  /** Vendors of whose models any further id resolves too. */
  readonly families: readonly ModelProviderKind[];
  /** Named connections that can be used, whose models can be named with theirs before. */
  readonly connections: readonly Connection[];
  /** The id that stands in where none is named. */
  readonly defaultModel: string;
  /** Reads anew what servers list, where models are imported. */
  reload?(): Promise<void>;
  /** Whether another process that runs now can reach a model that this one cannot. */
  isElsewhere?(id: string): Promise<boolean>;
}

export interface ModelCatalogInput {
  /** The items of `models` in the configuration, in order. */
  settings: readonly ModelSetting[];
  /** Connections that have a key, an identity or a base URL of their own. Of the vendors' own ones the built-in models are offered. */
  usable: readonly string[];
  /** `default_model` of the configuration. */
  defaultModel?: string | null;
  /**
   * Models that servers list by themselves. Those of the configuration, of another usable vendor and of a server before keep their
   * names; one that comes after them is `<connection>/<id>`.
   */
  imported?: readonly ModelSetting[];
  /** How the connections are reached, which holds for each model that says nothing else. */
  connections?: ConnectionPlaces;
  /** Connections that offer nothing but what is imported or configured: servers of other people with a list of their own. */
  listedOnly?: readonly string[];
}

/** Builds the catalogue: built-in models, changed and extended by the configuration. */
export function createModelCatalog(input: ModelCatalogInput): ModelCatalog {
  const usable = new Set<string>([...input.usable, 'demo']);
  const configured = new Map<string, ModelEntry>();
  const imported = importedById(input);
  for (const setting of input.settings) {
    const { entry } = explainSetting(setting, input, imported);
    if (setting.has_key === true || isReachable(entry, usable)) configured.set(setting.id, entry);
  }
  for (const setting of imported.values()) {
    const { entry } = explainSetting(setting, input, imported);
    const known = configured.get(setting.id);
    const isOther = known !== undefined && connectionNameOf(known) !== connectionNameOf(entry);
    // A configured model took the name that a server has for one of its own.
    const id = isOther ? longerId(setting) : setting.id;
    if (!configured.has(id)) configured.set(id, { ...entry, id });
  }
  const kinds: readonly ModelProviderKind[] = [...VENDORS, 'demo'];
  const wellKnown = new Set(kinds.filter((kind) => usable.has(kind) && !input.listedOnly?.includes(kind)));
  const connections = usableConnections(input);
  const offered = builtInModels(input).filter(
    ({ id, provider }) => wellKnown.has(provider) && !configured.has(id),
  );
  const newestFirst = offered.sort((first, second) => second.createdAt.localeCompare(first.createdAt));
  const listed = [...configured.values(), ...newestFirst];
  const byId = new Map(listed.map((entry) => [entry.id, entry]));
  const unlisted = remembering((id: string) =>
    resolveUnlisted(id, wellKnown, { connections, listed, places: input.connections }),
  );
  return {
    resolve: (id) => byId.get(id) ?? unlisted(id),
    list: () => listed,
    families: [...wellKnown],
    connections,
    defaultModel: input.defaultModel ?? defaultModelOf(input, listed),
  };
}

/** Agents of others may name any number of models, so the oldest are forgotten. */
const REMEMBERED = 1_000;

function remembering(find: (id: string) => ModelEntry | null): typeof find {
  const found = new Map<string, ModelEntry>();
  return (id) => {
    const known = found.get(id);
    if (known !== undefined) return known;
    const entry = find(id);
    if (entry === null) return null;
    for (const oldest of found.keys()) if (found.size >= REMEMBERED) found.delete(oldest);
    found.set(id, entry);
    return entry;
  };
}

/** An entry, and where each of its facts came from. */
export interface Explained {
  entry: ModelEntry;
  origins: { readonly [Fact in ModelFact]?: Origin };
}

/** The entry of an id with where each of its facts came from, reachable or not; null where nobody knows the id. */
export function explainModel(id: string, input: ModelCatalogInput): Explained | null {
  const imported = importedById(input);
  const setting = input.settings.find((candidate) => candidate.id === id) ?? imported.get(id);
  if (setting !== undefined) return explainSetting(setting, input, imported);
  const provider = id === 'demo' ? 'demo' : vendorOf(id);
  return provider === null ? null : explainUnlisted(id, provider, input.connections);
}

/** What is known of a model, then what it takes after, then what its server says, then what the configuration says. */
function explainSetting(
  setting: ModelSetting,
  input: Pick<ModelCatalogInput, 'settings' | 'connections'>,
  imported: ReadonlyMap<string, ModelSetting>,
): Explained {
  const found = imported.get(setting.id);
  const listed =
    found !== setting && found !== undefined && nameOf(found) === nameOf(setting) ? found : undefined;
  const asked = askedOf({ ...listed, ...setting }, input.connections);
  let described = describeModel(asked);
  described = likedFacts(described, setting, asked, input.settings);
  let connection: ModelConnection = { extraHeaders: {}, extraBody: {} };
  for (const stated of listed === undefined ? [setting] : [listed, setting]) {
    const origin = stated === found ? 'server' : 'configuration';
    described = layered(described, statedFacts(described.facts, stated), origin);
    connection = statedConnection(connection, stated);
  }
  const entry: ModelEntry = {
    ...entryOf(setting.id, setting.provider, described.facts),
    ...(setting.connection === undefined ? {} : { connectionName: setting.connection }),
    vendorModel: setting.vendor_model ?? (setting.provider === 'demo' ? 'demo' : setting.id),
    fallback: setting.fallback ?? [],
    connection,
  };
  return { entry, origins: described.origins };
}

function askedOf(
  { id, provider, connection, vendor_model, base_url, api }: ModelSetting,
  connections: ConnectionPlaces | undefined,
): Asked {
  const shared = connections?.[connection ?? provider];
  const address = shared?.base_url ?? undefined;
  const protocol = shared?.protocol;
  // The vendor's own connection at another address is a gateway to it; one with a name of its own may be any server.
  const isNamed = connection !== undefined && connection !== provider;
  return {
    id,
    provider,
    vendorModel: vendor_model,
    baseUrl: base_url ?? (isNamed ? address : undefined),
    providerUrl: address,
    api: api ?? shared?.api ?? undefined,
    server: base_url === undefined ? shared?.server : undefined,
    ...(protocol !== undefined && isCloud(protocol) ? { cloud: protocol } : {}),
  };
}

/** Whether a model can be asked: by its connection, at an address of its own, or with credentials of its own. */
function isReachable(entry: ModelEntry, usable: ReadonlySet<string>): boolean {
  const { baseUrl, apiKey, extraHeaders } = entry.connection;
  return (
    usable.has(connectionNameOf(entry)) ||
    baseUrl !== undefined ||
    apiKey !== undefined ||
    Object.keys(extraHeaders).length > 0
  );
}

function importedById({ imported = [], usable }: ModelCatalogInput): Map<string, ModelSetting> {
  const owners = new Map<string, string>([...listedIds(), ['demo', 'demo']]);
  const settings = new Map<string, ModelSetting>();
  for (const setting of imported) {
    const connection = nameOf(setting);
    const owner = owners.get(setting.id) ?? connection;
    const isTaken = owner !== connection && (owner === 'demo' || usable.includes(owner));
    const id = isTaken || settings.has(setting.id) ? longerId(setting) : setting.id;
    if (id.length > LONGEST_ID || settings.has(id)) continue;
    settings.set(
      id,
      id === setting.id ? setting : { ...setting, id, vendor_model: setting.vendor_model ?? setting.id },
    );
  }
  return settings;
}

const LONGEST_ID = 256;

function nameOf(setting: ModelSetting): string {
  return setting.connection ?? setting.provider;
}

/** The name of a model whose own name another one has. */
function longerId(setting: ModelSetting): string {
  return `${nameOf(setting)}/${setting.id}`;
}

/** The named ones: what the vendors have is called by its own names. */
function usableConnections({ usable, connections = {}, listedOnly = [] }: ModelCatalogInput): Connection[] {
  return usable.flatMap((name): Connection[] => {
    const protocol = VENDORS.some((vendor) => vendor === name) ? undefined : connections[name]?.protocol;
    if (protocol === undefined) return [];
    const { base_url: address = null, api = null } = connections[name] ?? {};
    const server = address === null ? null : serverOf(address);
    return [
      {
        name,
        protocol,
        ...(listedOnly.includes(name) ? { listedOnly: true } : {}),
        ...(address === null ? {} : { elsewhere: true }),
        ...(server === null ? {} : { server }),
        ...(api === null ? {} : { api }),
      },
    ];
  });
}

function builtInModels({ connections }: Pick<ModelCatalogInput, 'connections'>): ModelEntry[] {
  return [
    ...listedIds().map(([id, provider]) => explainUnlisted(id, provider, connections).entry),
    demoModel(),
  ];
}

/** What is known of an id that is in no list, where its provider is among those that can be reached. */
export function resolveUnlisted(
  id: string,
  usable: ReadonlySet<ModelProviderKind>,
  by: {
    connections?: readonly Connection[];
    listed?: readonly ModelEntry[];
    places?: ConnectionPlaces | undefined;
  } = {},
): ModelEntry | null {
  const { connections = [], listed = [], places } = by;
  const through = connections.find(({ name }) => id.startsWith(`${name}/`) && id.length > name.length + 1);
  if (through !== undefined) return resolveThrough(through, id, listed, places);
  const provider = vendorOf(id);
  return provider === null || !usable.has(provider) ? null : explainUnlisted(id, provider, places).entry;
}

const ELSEWHERE = 'https://elsewhere.invalid';

/** `<connection>/<model>`: what the connection lists under this name, else what is known of it or of its family. */
function resolveThrough(
  { name, protocol, listedOnly = false, elsewhere = false, server, api }: Connection,
  id: string,
  listed: readonly ModelEntry[],
  known: ConnectionPlaces | undefined,
): ModelEntry | null {
  // Who does not know the address knows that there is one.
  const places =
    known ??
    (elsewhere || api !== undefined || isCloud(protocol)
      ? { [name]: { protocol, base_url: elsewhere ? ELSEWHERE : null, server, api: api ?? null } }
      : undefined);
  const vendorModel = id.slice(name.length + 1);
  const entryThere = listed.find(
    (entry) =>
      connectionNameOf(entry) === name && (entry.id === vendorModel || entry.vendorModel === vendorModel),
  );
  if (entryThere !== undefined) return { ...entryThere, id };
  if (listedOnly) return null;
  const setting = {
    id,
    provider: wireOf(protocol, vendorModel),
    connection: name,
    vendor_model: vendorModel,
  };
  const { entry } = explainSetting(
    setting,
    { settings: [], ...(places ? { connections: places } : {}) },
    new Map(),
  );
  return entry;
}

function explainUnlisted(
  id: string,
  provider: ModelProviderKind,
  connections: ConnectionPlaces | undefined,
): Explained {
  const { facts, origins } = describeModel(askedOf({ id, provider }, connections));
  return { entry: entryOf(id, provider, facts), origins };
}

function defaultModelOf(input: ModelCatalogInput, listed: readonly ModelEntry[]): string {
  const preferred = ['claude-sonnet-5-5', 'gpt-6.1-sol', 'gemini-3.8-flash'];
  const ids = new Set(listed.map((entry) => entry.id));
  const own = input.settings.find(({ id, provider }) => provider !== 'demo' && ids.has(id))?.id;
  return preferred.find((id) => ids.has(id)) ?? own ?? input.imported?.[0]?.id ?? 'demo';
}
