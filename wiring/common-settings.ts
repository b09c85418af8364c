import { createHash } from 'node:crypto';
import type { Config } from '../config.ts';
import { nameKey, type CommonSettings } from '../core/health/common-settings.ts';

const DIGEST_CHARACTERS = 16;

/** What this process has to have alike with all others. */
export function commonSettings({
  temporal,
  blobs,
  encryption,
}: Pick<Config, 'temporal' | 'blobs' | 'encryption'>): CommonSettings {
  return {
    namespace: temporal.namespace,
    taskQueue: temporal.task_queue,
    handsTaskQueue: temporal.hands_task_queue ?? temporal.task_queue,
    // A folder may be mounted elsewhere on each machine, and a server be known by several names.
    blobs: blobs.kind === 's3' ? `s3 ${blobs.s3_bucket ?? ''}/${blobs.s3_prefix}` : blobs.kind,
    keys: encryption.keys.map(({ id, key }) =>
      nameKey(id, createHash('sha256').update(key).digest('hex').slice(0, DIGEST_CHARACTERS)),
    ),
  };
}
