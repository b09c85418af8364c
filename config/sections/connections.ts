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

/** A connection with a name of the operator's own. */
const Named = z.discriminatedUnion(
  'protocol',
  [
    z.strictObject({ protocol: z.literal('anthropic'), ...Anthropic }),
    z.strictObject({ protocol: z.literal('openai'), ...OpenAi }),
    z.strictObject({ protocol: z.literal('gemini'), ...Gemini }),
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
