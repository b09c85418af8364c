import type { Connection } from './connection.ts';
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
  /** Named connections, whose models can be named with theirs before; workers that are older name none. */
  connections?: readonly Connection[];
  defaultModel: string;
}

/** What a catalogue offers. */
export function modelOfferOf(catalog: ModelCatalog): ModelOffer {
  return {
    models: catalog.list().map(({ connection: _connection, ...model }) => model),
    families: [...catalog.families],
    connections: [...catalog.connections],
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
  const byName = new Map<string, Connection>();
  for (const connection of offers.flatMap((offer) => offer.connections ?? [])) {
    const known = byName.get(connection.name);
    // What any of them offers is offered.
    if (known === undefined || known.listedOnly === true) byName.set(connection.name, connection);
  }
  const connections = [...byName.values()];
  const standIns = offers.map((offer) => offer.defaultModel);
  return {
    resolve: (id) => entries.get(id) ?? resolveUnlisted(id, families, { connections, listed }),
    list: () => listed,
    families: [...families],
    connections,
    defaultModel: defaultModel ?? standIns.find((id) => id !== 'demo') ?? 'demo',
  };
}

const NOWHERE: ModelEntry['connection'] = { extraHeaders: {}, extraBody: {} };
