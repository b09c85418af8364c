import type {
  BetaManagedAgentsFileResource,
  BetaManagedAgentsGitHubRepositoryResource,
} from '@anthropic-ai/sdk/resources/beta/sessions/resources';
import { z } from 'zod';
import { Reference } from './ids.ts';
import { pageQuery } from './page.ts';
import { Timestamp } from './time.ts';

const MountPath = z.string().min(1).max(1_024);

/** A file to be placed into a session's sandbox. */
const FileResourceParams = z
  .strictObject({ type: z.literal('file'), file_id: Reference, mount_path: MountPath.nullish() })
  .meta({ id: 'FileResourceParams' });

/** A branch name that git can make; one that starts with a hyphen would be an option to it. */
const BranchName = z
  .string()
  .min(1)
  .max(255)
  .regex(
    /^[A-Za-z0-9_@+!#$%&()=,;'"{}|<>\u0080-\uffff][^\s\u007f~^:?*[\\]*$/,
    'expected the name of a branch',
  )
  .refine((name) => !/\.\.|@\{|\/\/|\/\.|[./]$/.test(name), 'expected the name of a branch');

const Checkout = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('branch'), name: BranchName }),
  z.strictObject({ type: z.literal('commit'), sha: z.string().regex(/^[0-9a-f]{40}$/) }),
]);

/** What a request header can carry. */
const Token = z
  .string()
  .min(1)
  .max(4_096)
  .regex(/^[\x21-\x7e]+$/, 'expected printable ASCII without spaces');

/** A repository to be placed into a session's sandbox. */
const RepositoryParams = z.strictObject({
  type: z.literal('github_repository'),
  url: z
    .string()
    .max(2_048)
    .regex(
      /^https:\/\/github\.com\/[\w.-]+\/[\w.-]+(?<!\.git)$/,
      'expected https://github.com/<owner>/<repository> without .git',
    ),
  authorization_token: Token.optional(),
  checkout: Checkout.nullish(),
  mount_path: MountPath.nullish(),
});

const MemoryStoreParams = z.strictObject({
  type: z.literal('memory_store'),
  memory_store_id: Reference,
  access: z.enum(['read_write', 'read_only']).nullish(),
  instructions: z.string().max(4_096).nullish(),
});

/** Files and repositories at most in one session. */
export const MAX_RESOURCES = 500;

export const ResourceParams = z.discriminatedUnion('type', [
  FileResourceParams,
  RepositoryParams,
  MemoryStoreParams,
]);
export type ResourceParams = z.infer<typeof ResourceParams>;

export const ResourceListQuery = z.object(pageQuery(1_000, 1_000));

export const ResourceUpdate = z.strictObject({ authorization_token: Token });

/** A file in a session's sandbox. */
const FileResource = z
  .object({
    id: z.string(),
    type: z.literal('file'),
    file_id: z.string(),
    mount_path: z.string(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'FileResource' }) satisfies z.ZodType<BetaManagedAgentsFileResource>;

/** A repository in a session's sandbox. Its token is shown to nobody. */
const RepositoryResource = z
  .object({
    id: z.string(),
    type: z.literal('github_repository'),
    url: z.string(),
    mount_path: z.string(),
    checkout: Checkout.nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'GitHubRepositoryResource' }) satisfies z.ZodType<BetaManagedAgentsGitHubRepositoryResource>;

export const SessionResource = z.discriminatedUnion('type', [FileResource, RepositoryResource]);
export type SessionResource = z.infer<typeof SessionResource>;

/** What can be added to a session that exists. */
export const AddedResource = z.discriminatedUnion('type', [FileResourceParams, RepositoryParams]);

export const ResourceDeleted = z.object({ id: z.string(), type: z.literal('session_resource_deleted') });
