import type { Request } from 'express';
import { quotaExceeded } from '../../core/files/quota-exceeded.ts';
import type { FileStore } from '../../providers/store/files.ts';

/** What a form may have besides its file: names, boundaries, the other fields. */
const FORM_BYTES = 64 * 1024;

/** Refuses an upload for which a workspace has no room before it is read. @throws `invalid_request`. */
export async function refuseOverQuota(
  files: Pick<FileStore, 'totalBytes'>,
  workspaceId: string,
  request: Request,
  quotaBytes: number,
): Promise<void> {
  const announced = Number(request.headers['content-length'] ?? 0) - FORM_BYTES;
  const room = quotaBytes - (await files.totalBytes(workspaceId));
  if (room <= 0 || announced > room) throw quotaExceeded(quotaBytes);
}
