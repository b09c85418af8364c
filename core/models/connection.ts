import type { ModelProviderKind, OpenAiApi } from './model-entry.ts';

/** The vendors, each of which has a connection of its name. */
export const VENDORS = ['anthropic', 'openai', 'gemini'] as const;
export type Vendor = (typeof VENDORS)[number];

/** How a connection is spoken to: in the form of one vendor, or as a cloud that has models of several. */
export const PROTOCOLS = [...VENDORS, 'bedrock', 'vertex', 'azure'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export type Cloud = Exclude<Protocol, Vendor>;

/** Whether models of several vendors are asked there, as somebody whom the cloud knows. */
export function isCloud(protocol: Protocol): protocol is Cloud {
  return !VENDORS.some((vendor) => vendor === protocol);
}

/** A way to models: a name below `providers` in the configuration. */
export interface Connection {
  name: string;
  protocol: Protocol;
  /** It offers nothing but what its server lists and what is configured. */
  listedOnly?: boolean;
  /** It leads to an address of its own, so that nothing of the vendor's prices is known there. */
  elsewhere?: boolean;
  /** Which of the servers that the database knows has this address. */
  server?: string;
  /** The API that its settings name. */
  api?: OpenAiApi;
}

/** Where connections lead, by their names. */
export interface ConnectionPlaces {
  readonly [name: string]: {
    /** Default: that of the vendor of this name. */
    protocol?: Protocol;
    base_url: string | null;
    api?: OpenAiApi | null;
    /** The server of the database that it is, for whoever is not told the address. */
    server?: string | undefined;
  };
}

/** The connection by which a model is reached. */
export function connectionNameOf(model: {
  provider: ModelProviderKind;
  connectionName?: string | undefined;
}): string {
  return model.connectionName ?? model.provider;
}

/**
 * In whose form a model is asked by a connection of this protocol. What a cloud has for models of all vendors goes as `openai`.
 *
 * @param vendorModel - the name that is sent, such as `eu.anthropic.claude-opus-5-5-v1:0`.
 */
export function wireOf(protocol: Protocol, vendorModel: string): Vendor {
  if (!isCloud(protocol)) return protocol;
  if (/claude|anthropic/i.test(vendorModel)) return 'anthropic';
  return protocol === 'vertex' && /gemini/i.test(vendorModel) ? 'gemini' : 'openai';
}

/** A model of the configuration, whose `provider` names a connection, in the form of that connection; null: there is none of this name. */
export function throughConnection<
  Model extends {
    id: string;
    provider: string;
    vendor_model?: string | undefined;
    like?: string | undefined;
  },
>(
  model: Model,
  connections: ConnectionPlaces,
): (Omit<Model, 'provider'> & { provider: ModelProviderKind; connection?: string }) | null {
  const { provider: name, ...rest } = model;
  if (name === 'demo') return { ...rest, provider: name };
  const protocol = connections[name]?.protocol;
  if (protocol === undefined) return null;
  const provider = wireOf(protocol, [model.vendor_model ?? model.id, model.like].join(' '));
  return { ...rest, provider, ...(name === provider ? {} : { connection: name }) };
}
