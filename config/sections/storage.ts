import { z } from 'zod';

/** The PostgreSQL that holds resources and the journal. */
export const StoreSettings = z.strictObject({
  url: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('postgres:// URL; null: npm start runs a PostgreSQL in the data folder.'),
  direct_url: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('URL for locks and LISTEN when store.url leads through a pooler; null: store.url.'),
  migrate: z
    .enum(['auto', 'check'])
    .default('auto')
    .describe(
      'auto: a start brings the schema up to date; check: it refuses one that is not, for roles without the right.',
    ),
  migrate_url: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'URL with the role that may change the schema, for npm run migrate and restore; null: direct_url or url.',
    ),
  pool_size: z
    .int()
    .positive()
    .default(10)
    .describe('Connections per process, besides those for locks and LISTEN.'),
  statement_timeout_seconds: z.number().positive().default(30).describe('Longest a statement may take.'),
  answer_timeout_seconds: z
    .number()
    .min(1)
    .default(5)
    .describe(
      'How long PostgreSQL may say nothing while it owes an answer, before the connection counts as lost, but for statements that are known to take long. It waits for a lock for four fifths of that.',
    ),
});

/** Where files and large payloads lie. */
export const BlobSettings = z.strictObject({
  kind: z.enum(['folder', 's3']).default('folder').describe('folder: on disk; s3: S3-compatible storage.'),
  folder: z.string().min(1).nullable().default(null).describe('Folder of the blobs; null: <data_dir>/blobs.'),
  s3_bucket: z.string().min(1).nullable().default(null).describe('Bucket.'),
  s3_prefix: z.string().default('').describe('Prefix of the keys in the bucket.'),
  s3_region: z.string().min(1).default('us-east-1').describe('Region.'),
  s3_endpoint: z.url().nullable().default(null).describe('URL of an S3-compatible service; null: AWS.'),
  s3_path_style: z.boolean().default(false).describe('Put the bucket into the path, not into the host name.'),
  s3_access_key_id: z.string().nullable().default(null).describe('Access key; null: the usual AWS sources.'),
  s3_secret_access_key: z.string().nullable().default(null).describe('Its secret.'),
  s3_secret_access_key_file: z.string().nullable().default(null).describe('File that holds the secret.'),
});

/** Room that the service keeps free of the disks that it writes to. */
export const DiskSettings = z.strictObject({
  reserve_bytes: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe(
      'Free space that is kept for the database: below twice of it no sandbox starts and no file is stored, below it commands are ended; null: 2 % of the disk, 256 MiB to 4 GiB; 0: none.',
    ),
});

const ExpiryHours = z.number().min(1).max(2_160).nullable().default(null);

/** The files of users and of agents. */
export const FileSettings = z.strictObject({
  max_bytes: z
    .int()
    .positive()
    .default(500 * 1024 * 1024)
    .describe('Bytes of one file, uploaded or made by an agent.'),
  workspace_bytes: z
    .int()
    .positive()
    .default(1024 ** 4)
    .describe('Bytes that the files of one workspace may take together.'),
  uploads_expire_after_hours: ExpiryHours.describe(
    'Hours after which an uploaded file expires that names no time itself (1 to 2160); null: never.',
  ),
  outputs_expire_after_hours: ExpiryHours.describe(
    'Hours after which a file that an agent made expires (1 to 2160); null: it goes with its session.',
  ),
});

const EncryptionKey = z.strictObject({
  id: z.string().min(1).max(64).describe('Name of the key, stored beside what it encrypts.'),
  key_env: z.string().min(1).optional().describe('Environment variable with 32 bytes in base64.'),
  key_file: z.string().min(1).optional().describe('File with 32 bytes in base64.'),
});

/** Encryption of payloads, journal bodies and blobs. */
export const EncryptionSettings = z.strictObject({
  keys: z
    .array(EncryptionKey)
    .default([])
    .describe(
      'Key ring: id and one of key_env, key_file (32 bytes, base64). The first encrypts, all decrypt.',
    ),
});

/** A century: what is larger is a slip, and no date any more. */
const MOST_DAYS = 36_500;
const Days = z.int().positive().max(MOST_DAYS).nullable().default(null);

/** How long things are kept. */
export const RetentionSettings = z.strictObject({
  temporal_days: z
    .int()
    .positive()
    .max(MOST_DAYS)
    .default(30)
    .describe('Days that Temporal keeps closed workflow runs.'),
  blob_grace_hours: z
    .number()
    .min(0)
    .max(MOST_DAYS * 24)
    .default(24)
    .describe('Hours before an unreferenced blob is removed; ten minutes at least, whatever is set.'),
  audit_days: z
    .int()
    .positive()
    .max(MOST_DAYS)
    .nullable()
    .default(null)
    .describe('Days that audit entries are kept; null: for ever.'),
  archived_sessions_days: Days.describe(
    'Days after which an archived session is deleted with all it has; null: never.',
  ),
  idle_sessions_days: Days.describe(
    'The same for a session in which nothing happened for so long and that waits for nobody; null: never.',
  ),
  waiting_sessions_days: Days.describe(
    'The same for one that waits for a confirmation or for the client’s result of a tool; null: never.',
  ),
  archived_sandboxes_days: Days.describe(
    'Days after which an archived session loses its sandbox’s files and its checkpoint, which nothing can use any more; null: with the session.',
  ),
  idle_sandboxes_days: Days.describe(
    'Days without a call after which a sandbox is removed from its host when a checkpoint holds all that is saved of it; its next call brings it back. null: never.',
  ),
  packages_days: Days.default(90).describe(
    'Days without a sandbox that was started with them after which installed packages are removed from a host (bubblewrap); they are installed anew. null: never.',
  ),
  outputs_days: Days.describe(
    'Days after which files that agents made expire, those of before included; null: files.outputs_expire_after_hours alone.',
  ),
});
