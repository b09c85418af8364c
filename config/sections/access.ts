import { z } from 'zod';

/** Whether a network is not all of IPv4 or IPv6, in any of their spellings (`::ffff:0.0.0.0/96`). */
function isSomeOf(network: string): boolean {
  const [address = '', bits] = network.split('/');
  return bits === undefined || Number(bits) > (/^[:0]*:ffff:/i.test(address) ? 96 : 0);
}

/** Where the HTTP API listens. */
export const ApiSettings = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address the API listens on.'),
  port: z.int().min(0).max(65535).default(8080).describe('Port of the API; 0 picks a free one.'),
  public_url: z
    .url()
    .nullable()
    .default(null)
    .describe(
      'URL under which clients reach the API; null: made from host and port. Without API keys, one of loopback.',
    ),
  trusted_proxies: z
    .array(
      z
        .union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], {
          error: 'expected an address, or a network such as 10.0.0.0/8; names are not looked up',
        })
        .refine(isSomeOf, 'expected proxies: this network would believe every client'),
    )
    .default([])
    .describe(
      'Addresses or networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Needs API keys.',
    ),
  body_bytes: z
    .int()
    .min(128 * 1024 * 1024)
    .default(128 * 1024 * 1024)
    .describe(
      'Bytes of request bodies, unpacked, that the API holds at once; what is more is told to come again.',
    ),
  unready_seconds: z
    .number()
    .min(0)
    .nullable()
    .default(null)
    .describe(
      'How long, after SIGTERM, /readyz says no while requests are still taken, for balancers to notice; null: 5, or 0 under npm start.',
    ),
  drain_seconds: z.number().min(0).default(10).describe('How long open requests may finish after that.'),
});

const ApiKey = z.strictObject({
  id: z.string().min(1).describe('Name of the key in logs and in the audit log.'),
  workspace: z.string().min(1).default('default').describe('Workspace whose resources the key opens.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits')
    .optional()
    .describe('SHA-256 of the key, hexadecimal.'),
  key_env: z.string().min(1).optional().describe('Environment variable that holds the key.'),
  key_file: z.string().min(1).optional().describe('File that holds the key.'),
  operator: z
    .boolean()
    .default(false)
    .describe(
      'Whether the key also opens what shows all workspaces: the Temporal UI and its codec, metrics, the audit log.',
    ),
});

/** Who may call. */
export const AuthSettings = z.strictObject({
  keys: z
    .array(ApiKey)
    .default([])
    .describe(
      'API keys: id, workspace and one of sha256, key_env, key_file. None: loopback only, no key asked.',
    ),
  sign_in_hours: z
    .number()
    .positive()
    .max(8_760)
    .default(168)
    .describe('Hours after which a browser that signed in to the console has to do so again.'),
  sign_in_idle_hours: z
    .number()
    .positive()
    .max(8_760)
    .default(24)
    .describe('Hours without use after which it has to.'),
});

const Rate = z.number().positive().nullable().default(null);

/** Limits; null is no limit. Without API keys there are none. */
export const RateLimitSettings = z.strictObject({
  creates_per_minute: z
    .number()
    .positive()
    .nullable()
    .default(300)
    .describe('New resources per workspace and minute; null: no limit.'),
  reads_per_minute: z
    .number()
    .positive()
    .nullable()
    .default(1200)
    .describe('Reading requests per workspace and minute; null: no limit.'),
  requests_per_minute: Rate.describe('API requests per key and minute; null: no limit.'),
  sessions_per_minute: Rate.describe('New sessions per key and minute; null: no limit.'),
  open_streams: Rate.describe('Event streams open at once per key; null: no limit.'),
  anonymous_per_minute: z
    .number()
    .positive()
    .nullable()
    .default(600)
    .describe(
      'Requests without a valid key per address (IPv6: per /64) and minute, public ones included; null: no limit.',
    ),
  anonymous_connections: z
    .int()
    .positive()
    .nullable()
    .default(256)
    .describe(
      'Connections per address (IPv6: per /64) over which no valid key came; the oldest is closed for a new one. null: no limit.',
    ),
  sign_ins_per_minute: z
    .number()
    .positive()
    .nullable()
    .default(30)
    .describe('Attempts to sign in to the console per address and minute; null: no limit.'),
  running_sessions_per_workspace: Rate.describe(
    'Sessions of one workspace that run at once; null: no limit.',
  ),
});

const Body = z.record(z.string(), z.json());

/** What sessions of the simple door run with when the client names nothing. */
export const SimpleApiSettings = z.strictObject({
  agent: Body.default({}).describe(
    'The default agent, as in POST /v1/agents. Left out: name Assistant, default_model, agent_toolset_20260401.',
  ),
  environment: Body.default({}).describe(
    'config of the default environment, as in POST /v1/environments. Left out: unrestricted network.',
  ),
});
