import { demoModel } from './demo-model.ts';
import { describeModel, layered, type Asked, type Origin } from './known/describe.ts';
import { entryOf, type ModelFact } from './known/model-facts.ts';
import { vendorOf } from './known/vendor-of.ts';
import { likedFacts } from './like.ts';
import { listedIds } from './listed-models.ts';
import type { ModelConnection, ModelEntry, ModelProviderKind, OpenAiApi } from './model-entry.ts';
import type { ModelSetting } from './model-setting.ts';
import { statedConnection, statedFacts } from './with-setting.ts';

/** Every model that agents may name. Pure data: the api lists it, the worker runs by it. */
export interface ModelCatalog {
  /**
   * The entry of an id, or null. Besides the listed ones any further id of a usable provider's own models resolves, with what is known
   * of it or of its family.
   */
  resolve(id: string): ModelEntry | null;
  /** All listed entries that can be reached: configured ones first, then the newest. */
  list(): readonly ModelEntry[];
  /** Providers of which any further id resolves too. */
  readonly families: readonly ModelProviderKind[];
  /** The id that stands in where none is named. */
  readonly defaultModel: string;
  /** Reads anew what servers list, where models are imported. */
  reload?(): Promise<void>;
  /** Whether another process that runs now can reach a model that this one cannot. */
  isElsewhere?(id: string): Promise<boolean>;
}

type Connections = {
  readonly [Kind in ModelProviderKind]?: { base_url: string | null; api?: OpenAiApi | null };
};

export interface ModelCatalogInput {
  /** The items of `models` in the configuration, in order. */
  settings: readonly ModelSetting[];
  /** Providers that have a key or a base URL of their own; only their built-in models are offered. */
  usable: readonly ModelProviderKind[];
  /** `default_model` of the configuration. */
  defaultModel?: string | null;
  /** Models that servers list by themselves. Those of the configuration and of another usable provider keep their names. */
  imported?: readonly ModelSetting[];
  /** How the providers are reached, which holds for each model that says nothing else. */
  connections?: Connections;
  /** Providers that offer nothing but what is imported or configured: servers of other people with a list of their own. */
  listedOnly?: readonly ModelProviderKind[];
}

/** Builds the catalogue: built-in models, changed and extended by the configuration. */
export function createModelCatalog(input: ModelCatalogInput): ModelCatalog {
  const usable = new Set<ModelProviderKind>([...input.usable, 'demo']);
  const configured = new Map<string, ModelEntry>();
  const imported = importedById(input);
  for (const setting of input.settings) {
    const { entry } = explainSetting(setting, input, imported);
    if (setting.has_key === true || isReachable(entry, usable)) configured.set(setting.id, entry);
  }
  for (const setting of imported.values())
    if (!configured.has(setting.id))
      configured.set(setting.id, explainSetting(setting, input, imported).entry);
  const wellKnown = new Set([...usable].filter((provider) => !input.listedOnly?.includes(provider)));
  const offered = builtInModels(input).filter(
    ({ id, provider }) => wellKnown.has(provider) && !configured.has(id),
  );
  const newestFirst = offered.sort((first, second) => second.createdAt.localeCompare(first.createdAt));
  const listed = [...configured.values(), ...newestFirst];
  const byId = new Map(listed.map((entry) => [entry.id, entry]));
  return {
    resolve: (id) => byId.get(id) ?? resolveUnlisted(id, wellKnown, input.connections),
    list: () => listed,
    families: [...wellKnown],
    defaultModel: input.defaultModel ?? defaultModelOf(input, listed),
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
  const listed = found !== setting && found?.provider === setting.provider ? found : undefined;
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
    vendorModel: setting.vendor_model ?? (setting.provider === 'demo' ? 'demo' : setting.id),
    fallback: setting.fallback ?? [],
    connection,
  };
  return { entry, origins: described.origins };
}

function askedOf(
  { id, provider, vendor_model, base_url, api }: ModelSetting,
  connections: Connections | undefined,
): Asked {
  const shared = connections?.[provider];
  return {
    id,
    provider,
    vendorModel: vendor_model,
    baseUrl: base_url,
    providerUrl: shared?.base_url ?? undefined,
    api: api ?? shared?.api ?? undefined,
  };
}

/** Whether a model can be asked: by its provider's connection, at an address of its own, or with credentials of its own. */
function isReachable({ provider, connection }: ModelEntry, usable: ReadonlySet<ModelProviderKind>): boolean {
  const { baseUrl, apiKey, extraHeaders } = connection;
  return (
    usable.has(provider) ||
    baseUrl !== undefined ||
    apiKey !== undefined ||
    Object.keys(extraHeaders).length > 0
  );
}

function importedById({ imported = [], usable }: ModelCatalogInput): Map<string, ModelSetting> {
  const owners = new Map<string, ModelProviderKind>([...listedIds(), ['demo', 'demo']]);
  const settings = new Map<string, ModelSetting>();
  for (const setting of imported) {
    const owner = owners.get(setting.id) ?? setting.provider;
    const isTaken = owner !== setting.provider && (owner === 'demo' || usable.includes(owner));
    if (!isTaken && !settings.has(setting.id)) settings.set(setting.id, setting);
  }
  return settings;
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
  connections?: Connections,
): ModelEntry | null {
  const provider = vendorOf(id);
  return provider === null || !usable.has(provider) ? null : explainUnlisted(id, provider, connections).entry;
}

function explainUnlisted(
  id: string,
  provider: ModelProviderKind,
  connections: Connections | undefined,
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
