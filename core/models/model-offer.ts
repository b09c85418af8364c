import type { ModelCatalog } from './model-catalog.ts';
import { resolveUnlisted } from './model-catalog.ts';
import type { ModelEntry, ModelProviderKind } from './model-entry.ts';

/** What is known of a model, without how it is reached: keys and addresses stay where they are used. */
export type OfferedModel = Omit<ModelEntry, 'connection'>;

/** Which models a part of the service can reach. It holds nothing secret, so that brains, which have the keys, can tell it to the others. */
export interface ModelOffer {
  models: readonly OfferedModel[];
  /** Providers of which any further model can be reached too. */
  families: readonly ModelProviderKind[];
  defaultModel: string;
}

/** What a catalogue offers. */
export function modelOfferOf(catalog: ModelCatalog): ModelOffer {
  return {
    models: catalog.list().map(({ connection: _connection, ...model }) => model),
    families: [...catalog.families],
    defaultModel: catalog.defaultModel,
  };
}

/**
 * One catalogue of several offers: what any of them has is in it, in the words of the first that has it.
 *
 * @param defaultModel - the id that stands in where none is named; null: what the first of them says that has more than the demo.
 */
export function joinOffers(offers: readonly ModelOffer[], defaultModel: string | null): ModelCatalog {
  const entries = new Map<string, ModelEntry>();
  for (const model of offers.flatMap(({ models }) => models)) {
    if (!entries.has(model.id)) entries.set(model.id, { ...model, connection: NOWHERE });
  }
  const families = new Set(offers.flatMap((offer) => offer.families));
  const listed = [...entries.values()];
  const standIns = offers.map((offer) => offer.defaultModel);
  return {
    resolve: (id) => entries.get(id) ?? resolveUnlisted(id, families),
    list: () => listed,
    families: [...families],
    defaultModel: defaultModel ?? standIns.find((id) => id !== 'demo') ?? 'demo',
  };
}

const NOWHERE: ModelEntry['connection'] = { extraHeaders: {}, extraBody: {} };
