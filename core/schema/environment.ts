import type { BetaEnvironment } from '@anthropic-ai/sdk/resources/beta/environments/environments';
import { z } from 'zod';
import { Metadata, MetadataPatch } from './metadata.ts';
import { pageQuery } from './page.ts';
import { QueryBoolean } from './query.ts';
import { Timestamp } from './time.ts';

/** In the order in which they are installed. */
export const PACKAGE_MANAGERS = ['apt', 'cargo', 'gem', 'go', 'npm', 'pip'] as const;

const AllowedHost = z
  .string()
  .max(255)
  .regex(
    /^(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i,
    'expected a host such as example.com or *.example.com, without scheme, port and path',
  );
const AllowedHosts = z.array(AllowedHost).max(1_000);

// A package that starts with a hyphen would be an option to the package manager.
const Package = z
  .string()
  .max(255)
  .regex(/^[^-\s][^\s]*$/, 'expected the name of a package, with its version if you like');
const PackageList = z.array(Package).max(500);

const NetworkingParams = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('unrestricted') }),
  z.strictObject({
    type: z.literal('limited'),
    allow_mcp_servers: z.boolean().nullish(),
    allow_package_managers: z.boolean().nullish(),
    allowed_hosts: AllowedHosts.nullish(),
  }),
]);

const PackagesParams = z.strictObject({
  type: z.literal('packages').optional(),
  apt: PackageList.nullish(),
  cargo: PackageList.nullish(),
  gem: PackageList.nullish(),
  go: PackageList.nullish(),
  npm: PackageList.nullish(),
  pip: PackageList.nullish(),
});

const ConfigParams = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('cloud'),
    networking: NetworkingParams.nullish(),
    packages: PackagesParams.nullish(),
  }),
  z.strictObject({ type: z.literal('self_hosted') }),
]);
export type EnvironmentConfigParams = z.infer<typeof ConfigParams>;

const Name = z.string().min(1).max(256);
const Description = z.string().max(2_048);
const Scope = z.enum(['organization', 'account']);

/** Body of `POST /v1/environments`. */
export const EnvironmentCreate = z
  .strictObject({
    name: Name,
    config: ConfigParams.nullish(),
    description: Description.nullish(),
    metadata: Metadata.optional(),
    scope: Scope.nullish(),
  })
  .meta({ id: 'EnvironmentCreate' });
export type EnvironmentCreate = z.infer<typeof EnvironmentCreate>;

/** Body of `POST /v1/environments/{environment_id}`: what is left out stays. */
export const EnvironmentUpdate = z
  .strictObject({
    name: Name.nullish(),
    config: ConfigParams.nullish(),
    description: Description.nullish(),
    metadata: MetadataPatch.optional(),
    scope: Scope.nullish(),
  })
  .meta({ id: 'EnvironmentUpdate' });
export type EnvironmentUpdate = z.infer<typeof EnvironmentUpdate>;

export const EnvironmentListQuery = z.object({
  ...pageQuery(20, 100),
  include_archived: QueryBoolean.optional(),
});

const Packages = z.object({
  type: z.literal('packages'),
  apt: z.array(z.string()),
  cargo: z.array(z.string()),
  gem: z.array(z.string()),
  go: z.array(z.string()),
  npm: z.array(z.string()),
  pip: z.array(z.string()),
});

const CloudConfig = z.object({
  type: z.literal('cloud'),
  networking: z.discriminatedUnion('type', [
    z.object({ type: z.literal('unrestricted') }),
    z.object({
      type: z.literal('limited'),
      allow_mcp_servers: z.boolean(),
      allow_package_managers: z.boolean(),
      allowed_hosts: z.array(z.string()),
    }),
  ]),
  packages: Packages,
});
/** What a cloud environment is configured with, resolved. */
export type CloudConfig = z.infer<typeof CloudConfig>;

/** An environment as the API shows it. */
export const Environment = z
  .object({
    id: z.string(),
    type: z.literal('environment'),
    name: z.string(),
    description: z.string().nullable(),
    config: CloudConfig,
    metadata: Metadata,
    scope: z.literal('organization'),
    created_at: Timestamp,
    updated_at: Timestamp,
    archived_at: Timestamp.nullable(),
  })
  .meta({ id: 'Environment' }) satisfies z.ZodType<BetaEnvironment>;
