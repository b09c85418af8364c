import { z } from 'zod';
import { PROTOCOLS, VENDORS, type Vendor } from '../../core/models/connection.ts';

const key = {
  api_key: z.string().nullable().default(null).describe('API key.'),
  api_key_env: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Environment variable that holds the key.'),
  api_key_file: z.string().nullable().default(null).describe('File that holds the key.'),
};

const common = {
  base_url: z.url().nullable().default(null).describe('Base URL; null: the vendor’s own.'),
  ...key,
  timeout_seconds: z.number().positive().default(1800).describe('Longest a model request may take.'),
  stall_seconds: z.number().positive().default(120).describe('Longest a stream may go without content.'),
  max_concurrent_requests: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe(
      'Model requests that a worker has under way there at once; more of them wait. null: any number.',
    ),
  extra_headers: z
    .record(z.string(), z.string())
    .default({})
    .describe('Headers added to each request, besides those of the model.'),
  extra_body: z
    .record(z.string(), z.json())
    .default({})
    .describe('Fields added to the body of each request, besides those of the model.'),
};

const listing = {
  import_models: z
    .boolean()
    .default(false)
    .describe('Offer every model that the server itself lists, besides those of `models`.'),
};

export const OpenAiApi = z.enum(['chat_completions', 'responses']);

const api = OpenAiApi.nullable()
  .default(null)
  .describe('chat_completions or responses; null: responses for OpenAI itself, else chat_completions.');

// Chat completions say nothing while a model thinks, and small servers nothing while they read.
const patient = { stall_seconds: common.stall_seconds.default(600) };

const Anthropic = { ...common, ...listing };
const OpenAi = { ...common, ...listing, ...patient, api };
const Gemini = { ...common, ...listing };

/** A cloud lists no models that could be asked by their names alone. */
const Bedrock = {
  ...common,
  ...patient,
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'Expected a region such as eu-central-1')
    .nullable()
    .default(null)
    .describe('Region of AWS; null: AWS_REGION or AWS_DEFAULT_REGION of the environment.'),
  profile: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Profile of AWS’s own files; null: the default chain of credentials.'),
};
const NO_VERTEX_KEY =
  'Vertex AI is asked as an identity, not with an API key: leave it out, and set credentials_file or give the machine a service account';
const noKey = z
  .string()
  .nullable()
  .default(null)
  .refine((key): boolean => key === null, NO_VERTEX_KEY);
const Vertex = {
  ...common,
  ...patient,
  api_key: noKey,
  api_key_env: noKey,
  api_key_file: noKey,
  project: z
    .string()
    .regex(/^[A-Za-z0-9.:-]+$/, 'Expected the id of a Google Cloud project')
    .nullable()
    .default(null)
    .describe('Google Cloud project; null: GOOGLE_CLOUD_PROJECT of the environment.'),
  location: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'Expected a location such as global or europe-west1')
    .nullable()
    .default(null)
    .describe('Location, global among them; null: GOOGLE_CLOUD_LOCATION of the environment.'),
  credentials_file: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Key of a service account, or a federated identity; null: the application default credentials.',
    ),
};
const Azure = {
  ...common,
  ...patient,
  base_url: z
    .url()
    .describe(
      'Address of the resource, https://NAME.openai.azure.com or https://NAME.services.ai.azure.com.',
    ),
  api,
  api_version: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('api-version of the older API with deployments in its paths; null: the API of /openai/v1.'),
  client_id: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Client id of a user-assigned managed identity; null: AZURE_CLIENT_ID, or the machine’s own.'),
  scope: z
    .string()
    .min(1)
    .default('https://cognitiveservices.azure.com/.default')
    .describe('What a token of Entra is asked for.'),
};

/** A connection with a name of the operator's own. */
const Named = z.discriminatedUnion(
  'protocol',
  [
    z.strictObject({ protocol: z.literal('anthropic'), ...Anthropic }),
    z.strictObject({ protocol: z.literal('openai'), ...OpenAi }),
    z.strictObject({ protocol: z.literal('gemini'), ...Gemini }),
    z.strictObject({ protocol: z.literal('bedrock'), ...Bedrock }),
    z.strictObject({ protocol: z.literal('vertex'), ...Vertex }),
    z.strictObject({ protocol: z.literal('azure'), ...Azure }),
  ],
  {
    error: `Only ${VENDORS.join(', ')} are there without one; expected protocol to be one of ${PROTOCOLS.join(', ')}`,
  },
);

/** A vendor's own connection speaks as the vendor does. */
const own = <V extends Vendor>(vendor: V) => ({
  protocol: z
    .literal(
      vendor,
      `Expected ${vendor}, the protocol of the connection of this name; give a connection of another protocol a name of its own`,
    )
    .default(vendor as never)
    .describe('Whose protocol it speaks: always this one.'),
});

/** The connections to models, by name: one for each vendor, and any number of others. */
export const ProviderSettings = z
  .object({
    anthropic: z.strictObject({ ...own('anthropic'), ...Anthropic }).prefault({}),
    openai: z.strictObject({ ...own('openai'), ...OpenAi }).prefault({}),
    gemini: z.strictObject({ ...own('gemini'), ...Gemini }).prefault({}),
  })
  .catchall(Named)
  // Without the intersections that a type of known and unknown names has.
  .transform((connections): Connections => connections);

/** Settings of one connection, whoever named it. */
export type ConnectionSettings = z.infer<typeof Named>;
type Speaking<P extends ConnectionSettings['protocol']> = Extract<ConnectionSettings, { protocol: P }>;

export interface Connections {
  anthropic: Speaking<'anthropic'>;
  openai: Speaking<'openai'>;
  gemini: Speaking<'gemini'>;
  [name: string]: ConnectionSettings;
}
