import { AppError } from '../../core/errors.ts';
import type { FileStore } from '../../providers/store/files.ts';

/** Refuses a file for which a workspace has no room. @throws `invalid_request`. */
export async function refuseOverQuota(
  files: Pick<FileStore, 'totalBytes'>,
  workspaceId: string,
  bytes: number,
  quotaBytes: number,
): Promise<void> {
  if ((await files.totalBytes(workspaceId)) + bytes <= quotaBytes) return;
  throw new AppError(
    'invalid_request',
    `The files of this workspace take up the ${quotaBytes} bytes they may. Delete some first.`,
    { details: { error_code: 'storage_quota_exceeded' } },
  );
}
