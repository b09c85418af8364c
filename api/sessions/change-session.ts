import type { SessionAgent } from '../../core/agent/agent-types.ts';
import { changedSessionAgent } from '../../core/agent/session-agent.ts';
import type { Models } from '../../core/agent/agent-spec.ts';
import { archive, refuseBusy } from '../../core/journal/archive.ts';
import type { SessionDetails } from '../../core/journal/accept.ts';
import { updateSession as journalUpdate, type SessionChanges } from '../../core/journal/update-session.ts';
import type { JournalWrites } from '../../core/journal/writes.ts';
import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { sameJson } from '../../core/same-json.ts';
import { patchMetadata } from '../../core/schema/metadata.ts';
import type { SessionUpdate } from '../../core/schema/session.ts';
import type { SessionEngine } from '../../providers/engine/session-engine.ts';
import type { Journal } from '../../providers/store/journal.ts';
import type { SessionRecord, SessionStore } from '../../providers/store/sessions.ts';
import type { NewId } from '../new-id.ts';
import { deliver, type DeliverDeps } from './deliver.ts';
import { findSession } from './find-session.ts';

export interface ChangeDeps extends DeliverDeps {
  journal: Pick<Journal, 'transact' | 'deleteSession' | 'markSignalled'>;
  sessions: Pick<SessionStore, 'get'>;
  engine: Pick<SessionEngine, 'signal' | 'remove'>;
  models: Models;
  newId: NewId;
}

/** Changes title, metadata or tools. @throws `invalid_request`, `not_found`, `not_implemented`, `unavailable`. */
export async function updateSession(
  deps: ChangeDeps,
  workspaceId: string,
  sessionId: string,
  params: SessionUpdate,
): Promise<SessionRecord> {
  if (params.budget != null) {
    throw new AppError(
      'invalid_request',
      'budget: budget_create_only: a budget cannot be added to a session that was created without one',
      { details: { error_code: 'budget_create_only' } },
    );
  }
  const { result: changed, lastSeq } = await deps.journal.transact(
    { sessionId, workspaceId, details: true, caller: 'client' },
    (view) => {
      if (view.head.status === 'terminated') {
        throw new AppError('invalid_request', 'The session is terminated and cannot be changed.');
      }
      if (!view.details) throw new Error('the journal gave no details');
      const change = changesOf(view.details, params, deps.models);
      if (change === null) return { writes: null, result: false };
      const ids = { event: () => deps.newId('event') };
      return { writes: journalUpdate(view, change.changes, change.session, ids), result: true };
    },
  );
  if (changed) deps.bus.publish({ type: 'grew', sessionId, seq: lastSeq });
  return findSession(deps.sessions, workspaceId, sessionId);
}

/** Ends a session for good; one that is archived stays as it is. @throws `invalid_request` while it runs, `not_found`. */
export async function archiveSession(
  deps: ChangeDeps,
  workspaceId: string,
  sessionId: string,
): Promise<SessionRecord> {
  const before = await findSession(deps.sessions, workspaceId, sessionId);
  if (before.archivedAt !== null) return before;
  const { result, lastSeq } = await deps.journal.transact(
    { sessionId, workspaceId, caller: 'client' },
    (view) => {
      const writes = archive(view, { event: () => deps.newId('event') });
      return { writes, result: writes.enqueue };
    },
  );
  deps.bus.publish({ type: 'grew', sessionId, seq: lastSeq });
  await deliver(deps, {
    sessionId,
    workspaceId,
    events: result.map(({ event }) => event),
    accepted: result.map(({ arrival, event }) => ({ id: event.id, arrival, seq: null, finished: false })),
    lastSeq,
  });
  return findSession(deps.sessions, workspaceId, sessionId);
}

/** Removes a session with everything that belongs to it. @throws `invalid_request` while it runs, `not_found`. */
export async function deleteSession(deps: ChangeDeps, workspaceId: string, sessionId: string): Promise<void> {
  await deps.journal.deleteSession({ sessionId, workspaceId, caller: 'client' }, (view) => {
    refuseBusy(view, 'deleted');
  });
  deps.bus.publish({ type: 'deleted', sessionId });
  await deps.engine.remove(sessionId);
}

function changesOf(
  details: SessionDetails,
  params: SessionUpdate,
  models: Models,
): { changes: SessionChanges; session: NonNullable<JournalWrites['session']> } | null {
  const changes: SessionChanges = {};
  const session: NonNullable<JournalWrites['session']> = {};
  if (params.title !== undefined && params.title !== details.title) {
    changes.title = params.title;
    session.title = params.title;
  }
  if (params.metadata != null) {
    const metadata = patchMetadata(details.metadata, params.metadata);
    if (!sameJson(metadata, details.metadata)) {
      session.metadata = metadata;
      if (Object.keys(metadata).length > 0) changes.metadata = metadata;
    }
  }
  if (params.agent !== undefined) {
    const stored = details.agent as object as SessionAgent;
    const agent = changedSessionAgent(stored, params.agent, models);
    if (!sameJson(agent, stored)) {
      changes.agent = agent;
      session.agent = agent as object as JsonObject;
    }
  }
  return Object.keys(session).length === 0 ? null : { changes, session };
}
