import type { Cloud } from '../connection.ts';
import { DEMO_FACTS } from '../demo-model.ts';
import { listedFacts, type Listed } from '../listed-models.ts';
import type { ModelProviderKind, OpenAiApi } from '../model-entry.ts';
import { claudeFacts } from './claude-family.ts';
import { knownModel, serverOf, type KnownModel } from './database.ts';
import { geminiFacts } from './gemini-family.ts';
import { ANY_IMAGES, DEFAULT_FACTS, thinkingOver, type ModelFact, type ModelFacts } from './model-facts.ts';
import { dayOf, namesOf, namesWithin } from './model-names.ts';
import { OPENAI_IMAGES, openAiFacts } from './openai-family.ts';
import { otherFacts } from './other-families.ts';

/** Where a value came from, the strongest last. */
export type Origin =
  'default' | 'family' | 'database' | 'list' | `like ${string}` | 'server' | 'configuration';

/** A model's facts with where each came from. */
export interface Described {
  facts: ModelFacts;
  origins: { readonly [Fact in ModelFact]?: Origin };
}

/** A model as far as it must be known to look up the rest. */
export interface Asked {
  id: string;
  provider: ModelProviderKind;
  /** The name sent to the vendor; it says more than the id where both say something. */
  vendorModel?: string | undefined;
  /** The address that the model itself names; absent: its provider's. */
  baseUrl?: string | undefined;
  /** The address of its provider; absent: the vendor's own. */
  providerUrl?: string | undefined;
  api?: OpenAiApi | undefined;
  /** The server of the database that has the address, where the address itself is not known. */
  server?: string | undefined;
  /** The cloud that it is asked at, wherever its address is. */
  cloud?: Cloud | undefined;
}

/** The facts with others on top of them. */
export function layered(below: Described, facts: ModelFacts, origin: Origin): Described {
  const origins = Object.fromEntries(Object.keys(facts).map((fact) => [fact, origin]));
  return { facts: { ...below.facts, ...facts }, origins: { ...below.origins, ...origins } };
}

/**
 * What our own list, the database and the model's family say of it, in this order; for the rest, what holds by default.
 *
 * @param like - the name of another model, which it is taken for: at its own vendor's prices.
 */
export function describeModel(asked: Asked, like?: string): Described {
  const place = placeOf(asked);
  const candidates =
    like === undefined
      ? [asked.vendorModel ?? asked.id, asked.id].map((id) => layersOf(id, asked, place))
      : [layersOf(like, asked, { server: HOME, isVendor: false })];
  const known =
    candidates.find(({ isKnown }) => isKnown) ?? candidates.find(({ isNamed }) => isNamed) ?? candidates[0];
  let described: Described = layered({ facts: {}, origins: {} }, DEFAULT_FACTS, 'default');
  for (const [origin, facts] of known?.layers ?? []) described = layered(described, facts, origin);
  return { ...described, facts: overProtocol(described.facts, asked, place) };
}

/** Whether anything is known of a name, by our list, the database or its family. */
export function isKnownName(id: string, provider: ModelProviderKind): boolean {
  return layersOf(id, { id, provider }, { server: HOME, isVendor: false }).isKnown;
}

interface Place {
  /** The server of the database; null: one that nothing is known of. */
  server: string | null;
  /** The vendor's own address. */
  isVendor: boolean;
  /** A server of somebody else's that speaks chat completions: it may offer anything under any name. */
  isCompatible: boolean;
}

function placeOf({ provider, baseUrl, providerUrl, api, cloud, server: told }: Asked): Place {
  if (cloud !== undefined) {
    const isResold = RESELLERS[cloud]?.includes(provider) === true;
    return { server: cloud, isVendor: false, isCompatible: !isResold };
  }
  const url = baseUrl ?? providerUrl;
  const server = told ?? (url === undefined ? provider : serverOf(url));
  if (server === provider) return { server, isVendor: true, isCompatible: false };
  // A provider at an address that nothing is known of is a gateway to the vendor, and so is whoever speaks another protocol than chat
  // completions; a single model there may be anything.
  const isGateway =
    provider !== 'openai' ||
    api === 'responses' ||
    (server === null ? baseUrl === undefined : RESELLERS[server]?.includes(provider) === true);
  return { server: server ?? (isGateway ? provider : null), isVendor: false, isCompatible: !isGateway };
}

/** Each model's own vendor. */
const HOME = 'home';

/** Servers that sell a vendor's models on, in the vendor's own form and at its prices. */
const RESELLERS: Readonly<Record<string, readonly ModelProviderKind[]>> = {
  azure: ['openai', 'anthropic'],
  bedrock: ['anthropic'],
  vertex: ['anthropic', 'gemini'],
};

function layersOf(
  id: string,
  { provider }: Asked,
  { server, isVendor }: Pick<Place, 'server' | 'isVendor'>,
): { layers: [Origin, ModelFacts][]; isKnown: boolean; isNamed: boolean } {
  if (provider === 'demo') return { layers: [['list', DEMO_FACTS]], isKnown: true, isNamed: true };
  const names = namesOf(id);
  const [exact = ''] = names;
  const listed = listedFacts(names);
  const data = firstKnown(names, server) ?? null;
  const own = familyOf(names);
  const isKnown = own !== null || listed !== null || data !== null;
  const named = isKnown ? own : familyOf(namesWithin(id));
  const day = dayOf(id);
  const isBare = exact === id.toLowerCase();
  const family =
    named ??
    (isVendor
      ? VENDOR_DEFAULTS[provider](exact)
      : ((server === null ? undefined : SERVER_DEFAULTS[server]) ?? {}));
  return {
    isKnown,
    isNamed: isKnown || named !== null,
    layers: [
      ['family', { ...family, ...(day === null ? {} : { createdAt: `${day}T00:00:00Z` }) }],
      ['database', data === null ? {} : priced(factsIn(data, { isBare, named }), id)],
      ['list', listed === null ? {} : priced(soldAt(listed, { server, isBare }), id)],
    ],
  };
}

/** A model that was tuned costs more than the one that it came from. */
function priced({ prices, ...facts }: ModelFacts, id: string): ModelFacts {
  return prices === undefined || id.toLowerCase().startsWith('ft:') ? facts : { ...facts, prices };
}

const VENDOR_DEFAULTS: Record<ModelProviderKind, (name: string) => ModelFacts> = {
  anthropic: claudeFacts,
  openai: () => openAiFacts('gpt-') ?? {},
  gemini: () => geminiFacts('gemini-') ?? {},
  demo: () => DEMO_FACTS,
};

/** What holds on servers whose models have names of their owners' choice, by the least that they still offer. */
const SERVER_DEFAULTS: Readonly<Record<string, ModelFacts>> = {
  azure: { contextWindow: 128_000, maxOutputTokens: 16_384, images: OPENAI_IMAGES },
};

function familyOf(names: readonly string[]): ModelFacts | null {
  for (const name of names) {
    const facts = name.startsWith('claude-')
      ? claudeFacts(name)
      : (openAiFacts(name) ?? geminiFacts(name) ?? otherFacts(name));
    if (facts !== null) return facts;
  }
  return null;
}

function firstKnown(names: readonly string[], server: string | null): KnownModel | undefined {
  for (const name of names) {
    const known = knownModel(name, server === HOME ? 'first' : { server });
    if (known === null) continue;
    const owner = server === null || known.prices !== null ? undefined : RESELLERS[server];
    const prices = owner
      ?.map((vendor) => knownModel(name, { server: vendor })?.prices)
      .find((found) => found != null);
    return { ...known, prices: known.prices ?? prices ?? null };
  }
  return undefined;
}

/**
 * The database knows whether a model reasons, but not how: where its family is known, that says both. Limits of another server than the one
 * that is asked are taken where nothing else is known.
 */
function factsIn(
  data: KnownModel,
  { isBare, named }: { isBare: boolean; named: ModelFacts | null },
): ModelFacts {
  const { displayName, contextWindow, maxOutputTokens, images, reasons, prices } = data;
  const limited = data.isSure || named === null;
  return {
    ...(isBare ? { displayName } : {}),
    ...(contextWindow === null || !limited ? {} : { contextWindow }),
    ...(maxOutputTokens === null || !limited ? {} : { maxOutputTokens }),
    ...(images === null || !limited ? {} : { images: images ? (named?.images ?? ANY_IMAGES) : null }),
    ...(reasons === null || named !== null ? {} : { thinking: reasons ? 'effort' : 'none' }),
    ...(prices === null ? {} : { prices }),
  };
}

/** The vendor's prices hold where it sells the model, itself or through others, and its dates only with itself. */
function soldAt(
  { owner, facts: { displayName, prices, retiresAt, ...facts } }: Listed,
  { server, isBare }: { server: string | null; isBare: boolean },
): ModelFacts {
  const isSold = server === HOME || server === owner || RESELLERS[server ?? '']?.includes(owner) === true;
  return {
    ...facts,
    ...(isBare && displayName !== undefined ? { displayName } : {}),
    ...(isSold && prices !== undefined ? { prices } : {}),
    ...(server === owner && retiresAt !== undefined ? { retiresAt } : {}),
  };
}

/** What of it can be used over the protocol: others than the model's own vendor have neither its fast mode nor its way of thinking. */
function overProtocol(facts: ModelFacts, asked: Asked, place: Place): ModelFacts {
  const { provider, cloud } = asked;
  const { isCompatible } = place;
  const { wire } = wireOf(asked, place);
  return {
    ...facts,
    ...(wire === undefined ? {} : { wire }),
    // Azure reads files in the Responses API only, by https://learn.microsoft.com/azure/ai-services/openai/how-to/responses.
    ...(wire === 'chat' && place.server === 'azure' ? { pdf: false } : {}),
    thinking: thinkingOver(provider, facts.thinking ?? 'none'),
    fastMode: provider === 'anthropic' && cloud === undefined && facts.fastMode === true,
    // Clouds have it later than the vendor, if at all, and refuse it until then.
    ...(cloud === undefined ? {} : { midConversationSystem: false }),
    // An effort that nobody named is the server's own choice, and what not every server takes is not sent.
    ...(isCompatible ? { defaultEffort: null, pdf: false, midConversationSystem: false } : {}),
  };
}

/** Compatible servers that refuse settings which others take or pass over. */
const STRICT_SERVERS = ['groq', 'mistral', 'xai'] as const;

function wireOf(
  { provider, api, cloud }: Asked,
  { isCompatible, isVendor, server }: Place,
): Pick<ModelFacts, 'wire'> {
  if (provider === 'demo') return {};
  if (provider === 'anthropic') return { wire: cloud === undefined ? 'messages' : 'cloud_messages' };
  if (provider === 'gemini') return { wire: 'gemini' };
  if (cloud === 'bedrock') return { wire: 'converse' };
  if (isCompatible) return { wire: STRICT_SERVERS.find((name) => name === server) ?? 'compatible' };
  return {
    wire: (api ?? (isVendor ? 'responses' : 'chat_completions')) === 'responses' ? 'responses' : 'chat',
  };
}
