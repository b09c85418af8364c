import { AppError } from '../../core/errors.ts';
import type { SessionRecord, SessionStore } from '../../providers/store/sessions.ts';

/** The session, or `not_found`. */
export async function findSession(
  sessions: Pick<SessionStore, 'get'>,
  workspaceId: string,
  sessionId: string,
): Promise<SessionRecord> {
  const session = await sessions.get(workspaceId, sessionId);
  if (!session) throw new AppError('not_found', `Session ${sessionId} was not found.`);
  return session;
}
