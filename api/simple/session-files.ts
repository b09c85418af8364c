import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import { samePlace } from '../../core/files/mount-path.ts';
import type { FileStore, StoredFile } from '../../providers/store/files.ts';
import { filesOfOutput } from '../../providers/store/output-file.ts';
import type { SessionRecord, StoredResource } from '../../providers/store/sessions.ts';

/** Where agents leave what their users are to get. */
const OUTPUTS = '/mnt/session/outputs/';
/** A tool that has just ended may have left something that is being collected. */
const COLLECTED_MS = 2_000;
const PAUSE_MS = 200;

/** The files that were put into a session, with what is known of them. */
export async function filesIn(
  files: Pick<FileStore, 'some'>,
  session: SessionRecord,
): Promise<{ resource: StoredResource; file: StoredFile }[]> {
  const ids = session.resources.map(({ fileId }) => fileId);
  const stored = ids.length === 0 ? [] : await files.some(session.workspaceId, ids);
  const byId = new Map(stored.map((file) => [file.id, file]));
  return session.resources.flatMap((resource) => {
    const file = byId.get(resource.fileId);
    return file === undefined ? [] : [{ resource, file }];
  });
}

/**
 * The file of a session that lies at a path of its sandbox: one that was put there, or one that the agent left in the outputs folder. A
 * relative path lies below that.
 *
 * @throws `not_found`.
 */
export async function fileAt(
  files: Pick<FileStore, 'some' | 'list'>,
  session: SessionRecord,
  path: string,
  signal: AbortSignal,
): Promise<StoredFile> {
  const absolute = path.startsWith('/') ? path : OUTPUTS + path;
  const placed = await filesIn(files, session);
  const found = placed.find(({ resource }) => samePlace(resource.mountPath, absolute));
  if (found) return found.file;
  if (absolute.startsWith(OUTPUTS)) {
    const output = absolute.slice(OUTPUTS.length);
    const where = { workspaceId: session.workspaceId, sessionId: session.id };
    for (let waited = 0; ; waited += PAUSE_MS) {
      const [file] = await filesOfOutput(files, where, output);
      if (file) return file;
      if (waited >= COLLECTED_MS) break;
      await delay(PAUSE_MS, undefined, { signal });
    }
  }
  throw new AppError(
    'not_found',
    `path: session ${session.id} has no file ${JSON.stringify(path.slice(0, 200))}. There are those that were uploaded to it, and those that the agent left in ${OUTPUTS}.`,
  );
}
