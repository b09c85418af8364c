import type { Request } from 'express';
import { quotaExceeded } from '../../core/files/quota-exceeded.ts';
import type { FileStore } from '../../providers/store/files.ts';

/** What a form may have besides its file: names, boundaries, the other fields. */
const FORM_BYTES = 64 * 1024;

/**
 * Refuses an upload for which a workspace has no room before it is read.
 *
 * @param kind - what of: files, or of any kind.
 * @returns bytes for which there is room.
 * @throws `invalid_request`.
 */
export async function refuseOverQuota(
  files: Pick<FileStore, 'room'>,
  workspaceId: string,
  request: Request,
  quotaBytes: number,
  kind: 'files' | 'held' = 'files',
): Promise<number> {
  const announced = Number(request.headers['content-length'] ?? 0) - FORM_BYTES;
  const { [kind]: room } = await files.room(workspaceId, quotaBytes);
  if (room <= 0 || announced > room) throw quotaExceeded(quotaBytes);
  return room;
}
