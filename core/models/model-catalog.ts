import { claudeModel, claudeModels } from './claude-models.ts';
import { demoModel } from './demo-model.ts';
import { geminiModel, geminiModels } from './gemini-models.ts';
import type { ModelEntry, ModelProviderKind } from './model-entry.ts';
import type { ModelSetting } from './model-setting.ts';
import { openAiModel, openAiModels } from './openai-models.ts';
import { withSetting } from './with-setting.ts';

/** Every model that agents may name. Pure data: the api lists it, the worker runs by it. */
export interface ModelCatalog {
  /**
   * The entry of an id, or null. Besides the listed ones any `claude-*`, `gpt-*` and `gemini-*` id resolves where its provider is
   * usable, with what is known of its family.
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

export interface ModelCatalogInput {
  /** The items of `models` in the configuration, in order. */
  settings: readonly ModelSetting[];
  /** Providers that have a key or a base URL of their own; only their built-in models are offered. */
  usable: readonly ModelProviderKind[];
  /** `default_model` of the configuration. */
  defaultModel?: string | null;
  /** Models that servers list by themselves. Those of the configuration and of another usable provider keep their names. */
  imported?: readonly ModelSetting[];
  /** Providers that offer nothing but what is imported or configured: servers of other people with a list of their own. */
  listedOnly?: readonly ModelProviderKind[];
}

/** Builds the catalogue: built-in models, changed and extended by the configuration. */
export function createModelCatalog(input: ModelCatalogInput): ModelCatalog {
  const usable = new Set<ModelProviderKind>([...input.usable, 'demo']);
  const builtIn = new Map(builtInModels().map((entry) => [entry.id, entry]));
  const configured = new Map<string, ModelEntry>();
  const imported = importedById(input, builtIn);
  for (const setting of input.settings) {
    const listed = imported.get(setting.id);
    const base = listed?.provider === setting.provider ? listed : baseOf(setting, builtIn);
    const entry = withSetting(base, setting);
    if (setting.has_key === true || isReachable(entry, usable)) configured.set(setting.id, entry);
  }
  for (const [id, entry] of imported) if (!configured.has(id)) configured.set(id, entry);
  const wellKnown = new Set([...usable].filter((provider) => !input.listedOnly?.includes(provider)));
  const offered = [...builtIn.values()].filter(
    ({ id, provider }) => wellKnown.has(provider) && !configured.has(id),
  );
  const newestFirst = offered.sort((first, second) => second.createdAt.localeCompare(first.createdAt));
  const listed = [...configured.values(), ...newestFirst];
  const byId = new Map(listed.map((entry) => [entry.id, entry]));
  return {
    resolve: (id) => byId.get(id) ?? resolveUnlisted(id, wellKnown),
    list: () => listed,
    families: [...wellKnown],
    defaultModel: input.defaultModel ?? defaultModelOf(input, listed),
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

function importedById(
  { imported = [], usable }: ModelCatalogInput,
  builtIn: ReadonlyMap<string, ModelEntry>,
): Map<string, ModelEntry> {
  const entries = new Map<string, ModelEntry>();
  for (const setting of imported) {
    const owner = builtIn.get(setting.id)?.provider ?? setting.provider;
    const isTaken = owner !== setting.provider && (owner === 'demo' || usable.includes(owner));
    if (isTaken || entries.has(setting.id)) continue;
    entries.set(setting.id, withSetting(baseOf(setting, builtIn), setting));
  }
  return entries;
}

function builtInModels(): ModelEntry[] {
  return [...claudeModels(), ...openAiModels(), ...geminiModels(), demoModel()];
}

/** What a setting changes: the built-in model of its id, else of its vendor name, else what holds for its family. */
function baseOf(setting: ModelSetting, builtIn: ReadonlyMap<string, ModelEntry>): ModelEntry {
  const vendorModel = setting.vendor_model ?? setting.id;
  const known = builtIn.get(setting.id) ?? builtIn.get(vendorModel);
  // A compatible server may offer other models under a vendor's names, with other limits and prices. Whoever speaks the Responses API
  // offers OpenAI's own.
  const elsewhere =
    setting.provider === 'openai' && setting.base_url !== undefined && setting.api !== 'responses';
  if (known !== undefined && known.provider === setting.provider && !elsewhere) return known;
  return FAMILIES[setting.provider](vendorModel);
}

const FAMILIES: Record<ModelProviderKind, (id: string) => ModelEntry> = {
  anthropic: claudeModel,
  openai: openAiModel,
  gemini: geminiModel,
  demo: demoModel,
};

/** What is known of an id that is in no list, where its provider is among those that can be reached. */
export function resolveUnlisted(id: string, usable: ReadonlySet<ModelProviderKind>): ModelEntry | null {
  if (id.startsWith('claude-') && usable.has('anthropic')) return datedOr(id, claudeModels(), claudeModel);
  if (id.startsWith('gemini-') && usable.has('gemini')) return datedOr(id, geminiModels(), geminiModel);
  if (id.startsWith('gpt-') && usable.has('openai')) return datedOr(id, openAiModels(), openAiModel);
  return null;
}

/** A dated id (`claude-opus-4-5-20251101`, `gpt-5.6-2026-07-09`) is its undated model under its own name. */
function datedOr(id: string, known: ModelEntry[], family: (id: string) => ModelEntry): ModelEntry {
  const undated = id.replace(/-(\d{8}|\d{4}-\d{2}-\d{2})$/, '');
  const entry = known.find((candidate) => candidate.id === undated);
  return entry === undefined ? family(id) : { ...entry, id, vendorModel: id };
}

function defaultModelOf(input: ModelCatalogInput, listed: readonly ModelEntry[]): string {
  const preferred = ['claude-sonnet-5-5', 'gpt-6.1-sol', 'gemini-3.8-flash'];
  const ids = new Set(listed.map((entry) => entry.id));
  const own = input.settings.find(({ id, provider }) => provider !== 'demo' && ids.has(id))?.id;
  return preferred.find((id) => ids.has(id)) ?? own ?? input.imported?.[0]?.id ?? 'demo';
}
