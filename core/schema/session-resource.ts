import type { BetaManagedAgentsFileResource } from '@anthropic-ai/sdk/resources/beta/sessions/resources';
import { z } from 'zod';
import { Reference } from './ids.ts';
import { pageQuery } from './page.ts';
import { Timestamp } from './time.ts';

const MountPath = z.string().min(1).max(1_024);

/** A file to be placed into a session's sandbox. */
export const FileResourceParams = z
  .strictObject({ type: z.literal('file'), file_id: Reference, mount_path: MountPath.nullish() })
  .meta({ id: 'FileResourceParams' });
export type FileResourceParams = z.infer<typeof FileResourceParams>;

const RepositoryParams = z.strictObject({
  type: z.literal('github_repository'),
  url: z
    .string()
    .max(2_048)
    .regex(
      /^https:\/\/github\.com\/[\w.-]+\/[\w.-]+(?<!\.git)$/,
      'expected https://github.com/<owner>/<repository> without .git',
    ),
  authorization_token: z.string().min(1).max(4_096).optional(),
  checkout: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('branch'), name: z.string().min(1).max(255) }),
      z.strictObject({ type: z.literal('commit'), sha: z.string().regex(/^[0-9a-f]{40}$/) }),
    ])
    .nullish(),
  mount_path: MountPath.nullish(),
});

const MemoryStoreParams = z.strictObject({
  type: z.literal('memory_store'),
  memory_store_id: Reference,
  access: z.enum(['read_write', 'read_only']).nullish(),
  instructions: z.string().max(4_096).nullish(),
});

/** Files at most in one session. */
export const MAX_FILES = 500;

export const ResourceParams = z.discriminatedUnion('type', [
  FileResourceParams,
  RepositoryParams,
  MemoryStoreParams,
]);
export type ResourceParams = z.infer<typeof ResourceParams>;

export const ResourceListQuery = z.object(pageQuery(1_000, 1_000));

export const ResourceUpdate = z.strictObject({ authorization_token: z.string().min(1).max(4_096) });

/** A file in a session's sandbox. */
export const FileResource = z
  .object({
    id: z.string(),
    type: z.literal('file'),
    file_id: z.string(),
    mount_path: z.string(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'FileResource' }) satisfies z.ZodType<BetaManagedAgentsFileResource>;

export const ResourceDeleted = z.object({ id: z.string(), type: z.literal('session_resource_deleted') });
