import { createHash } from 'node:crypto';
import { makeId } from '../../core/ids.ts';
import type { FileStore, StoredFile } from './files.ts';

/** The random part of an output's id, by which it is known as this path's. */
function tailOf(sessionId: string, path: string, sha256: string): Buffer {
  return createHash('sha256').update(`${sessionId}\0${path}\0${sha256}`).digest().subarray(0, 10);
}

/**
 * The id of the file that an output becomes: it follows from session, path and content, so that whoever collects it twice makes one file.
 *
 * @param path - below the outputs folder.
 * @param modifiedMs - when the agent wrote it, Unix milliseconds.
 */
export function outputFileId(sessionId: string, path: string, sha256: string, modifiedMs: number): string {
  return makeId('file', modifiedMs, tailOf(sessionId, path, sha256));
}

/** Whether a file of the session was made of this path. */
export function isOutputOf(
  file: Pick<StoredFile, 'id' | 'sha256'>,
  sessionId: string,
  path: string,
): boolean {
  return file.id.slice(-16) === outputFileId(sessionId, path, file.sha256, 0).slice(-16);
}

/** The session's files that were made of this path, newest first. */
export async function filesOfOutput(
  files: Pick<FileStore, 'list'>,
  { workspaceId, sessionId }: { workspaceId: string; sessionId: string },
  path: string,
): Promise<StoredFile[]> {
  const found: StoredFile[] = [];
  let from: Parameters<FileStore['list']>[1]['from'] = null;
  for (;;) {
    const page = await files.list(workspaceId, { limit: 500, from, sessionId });
    found.push(...page.items.filter((file) => isOutputOf(file, sessionId, path)));
    const last = page.items.at(-1);
    if (!page.hasMore || last === undefined) return found;
    from = { position: { at: last.createdAt, id: last.id }, side: 'after' };
  }
}
