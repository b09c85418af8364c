import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { isCloud, type Protocol, type Vendor } from '../../core/models/connection.ts';
import type { ModelEntry, OpenAiApi } from '../../core/models/model-entry.ts';
import type { StreamLimits } from './stream-guard.ts';

/** How the models of one connection are reached, unless a model says otherwise. */
export interface ProviderConnection {
  protocol: Protocol;
  /** null: the vendor's own. */
  baseUrl: string | null;
  apiKey: string | null;
  /** The file that the key came from; it is read again for each request. */
  apiKeyFile?: string | null;
  timeoutSeconds: number;
  stallSeconds: number;
  /** Requests under way at its address at once, of all models that name no limit of their own; the others wait. Default: any number. */
  maxConcurrent?: number | null;
  /** Added to each request, besides those of the model. */
  extraHeaders?: Record<string, string>;
  extraBody?: JsonObject;
  /** OpenAI only; null: responses for OpenAI itself, else chat_completions. */
  api?: OpenAiApi | null;
  /** Where the models of a cloud are, and as whom they are asked. */
  cloud?: CloudPlace;
}

export type CloudPlace =
  | {
      at: 'bedrock';
      region: string;
      /** Of the files of AWS's clients; null: the default chain. */
      profile: string | null;
    }
  | {
      at: 'vertex';
      project: string;
      location: string;
      /** Of a service account or of a federated identity; null: the default credentials of the machine. */
      credentialsFile: string | null;
    }
  | {
      at: 'azure';
      /** Of the older API; null: the one without versions. */
      apiVersion: string | null;
      /** Of an identity that was assigned by somebody; null: the only one, or what the environment says. */
      clientId: string | null;
      /** What a token is asked for. */
      scope: string;
    };

/** One model by one connection: what an adapter is made from. */
export interface Reach {
  entry: ModelEntry;
  connection: ProviderConnection;
  /** The name of the connection, for messages. */
  through: string;
  /** Absent: the vendor's own. */
  baseUrl?: string;
  apiKey: string | null;
  limits: StreamLimits;
  extraHeaders: Record<string, string>;
  extraBody: JsonObject;
}

const VARIABLES: Record<Vendor, string> = {
  anthropic: 'ANTHROPIC_API_KEY',
  openai: 'OPENAI_API_KEY',
  gemini: 'GEMINI_API_KEY',
};

/** Throws `model_credentials_refused` where nothing says how a model could be reached. */
export function reachOf(
  entry: ModelEntry,
  name: string,
  connection: ProviderConnection,
  apiKey: string | null,
): Reach {
  const extraHeaders = { ...connection.extraHeaders, ...entry.connection.extraHeaders };
  const extraBody = { ...connection.extraBody, ...entry.connection.extraBody };
  const baseUrl = entry.connection.baseUrl ?? connection.baseUrl;
  const { protocol } = connection;
  if (!isCloud(protocol) && apiKey === null && baseUrl === null && Object.keys(extraHeaders).length === 0) {
    const variable = name === protocol ? ` or ${VARIABLES[protocol]}` : '';
    throw new AppError(
      'model_credentials_refused',
      `Model ${entry.id} needs an API key: set providers.${name}.api_key${variable}.`,
    );
  }
  return {
    entry,
    connection,
    through: name,
    ...(baseUrl === null ? {} : { baseUrl }),
    apiKey,
    limits: { totalMs: connection.timeoutSeconds * 1_000, stallMs: connection.stallSeconds * 1_000 },
    extraHeaders,
    extraBody,
  };
}

/** The vendors' own connections, all alike. */
export function vendorConnections(
  each: Omit<ProviderConnection, 'protocol'>,
): Record<Vendor, ProviderConnection> {
  return {
    anthropic: { protocol: 'anthropic', ...each },
    openai: { protocol: 'openai', ...each },
    gemini: { protocol: 'gemini', ...each },
  };
}
