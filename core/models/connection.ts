import type { ModelProviderKind, OpenAiApi } from './model-entry.ts';

/** The vendors, each of which has a connection of its name. */
export const VENDORS = ['anthropic', 'openai', 'gemini'] as const;
export type Vendor = (typeof VENDORS)[number];

/** How a connection is spoken to: in the form of one vendor. */
export const PROTOCOLS = VENDORS;
export type Protocol = Vendor;

/** A way to models: a name below `providers` in the configuration. */
export interface Connection {
  name: string;
  protocol: Protocol;
  /** It offers nothing but what its server lists and what is configured. */
  listedOnly?: boolean;
  /** It leads to an address of its own, so that nothing of the vendor's prices is known there. */
  elsewhere?: boolean;
}

/** Where connections lead, by their names. */
export interface ConnectionPlaces {
  readonly [name: string]: {
    /** Default: that of the vendor of this name. */
    protocol?: Protocol;
    base_url: string | null;
    api?: OpenAiApi | null;
  };
}

/** The connection by which a model is reached. */
export function connectionNameOf(model: {
  provider: ModelProviderKind;
  connectionName?: string | undefined;
}): string {
  return model.connectionName ?? model.provider;
}

/** A model of the configuration, whose `provider` names a connection, in the form of that connection; null: there is none of this name. */
export function throughConnection<Model extends { provider: string }>(
  model: Model,
  connections: ConnectionPlaces,
): (Omit<Model, 'provider'> & { provider: ModelProviderKind; connection?: string }) | null {
  const { provider: name, ...rest } = model;
  if (name === 'demo') return { ...rest, provider: name };
  const protocol = connections[name]?.protocol;
  if (protocol === undefined) return null;
  return { ...rest, provider: protocol, ...(name === protocol ? {} : { connection: name }) };
}
