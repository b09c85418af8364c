import type { SessionAgent } from '../../core/agent/agent-types.ts';
import { checkBudgetable } from '../../core/agent/check-budget.ts';
import { modelId } from '../../core/agent/resolve-model.ts';
import { changedSessionAgent } from '../../core/agent/session-agent.ts';
import type { Models } from '../../core/agent/agent-spec.ts';
import { archive, refuseBusy } from '../../core/journal/archive.ts';
import type { SessionDetails } from '../../core/journal/accept.ts';
import {
  refuseUsedUp,
  updateSession as journalUpdate,
  type SessionChanges,
} from '../../core/journal/update-session.ts';
import type { JournalWrites } from '../../core/journal/writes.ts';
import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { OfferedModels } from '../../core/models/offered-models.ts';
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
  models: OfferedModels;
  newId: NewId;
}

/**
 * Changes title, metadata, budget, or what the agent works with: tools and model. A session that paused at its budget goes on when that
 * is raised or removed.
 *
 * @throws `invalid_request`, `not_found`, `not_implemented`, `unavailable`.
 */
export async function updateSession(
  deps: ChangeDeps,
  workspaceId: string,
  sessionId: string,
  params: SessionUpdate,
): Promise<SessionRecord> {
  if (params.agent?.model !== undefined) {
    await deps.models.confirm(modelId(params.agent.model), 'agent.model');
  } else if (params.budget != null) {
    const { agent } = await findSession(deps.sessions, workspaceId, sessionId);
    await deps.models.confirm(agent.model.id, 'agent.model');
  }
  const { result, lastSeq } = await deps.journal.transact(
    { sessionId, workspaceId, details: true, caller: 'client' },
    (view) => {
      if (view.head.status === 'terminated') {
        throw new AppError('invalid_request', 'The session is terminated and cannot be changed.');
      }
      if (!view.details) throw new Error('the journal gave no details');
      const change = changesOf(view.details, params, deps.models);
      if (params.budget != null) refuseUsedUp(view, params.budget);
      if (change === null) return { writes: null, result: null };
      const ids = { event: () => deps.newId('event') };
      const writes = journalUpdate(view, change.changes, change.session, ids);
      return { writes, result: writes.enqueue };
    },
  );
  if (result !== null) {
    deps.bus.publish({ type: 'grew', sessionId, seq: lastSeq });
    await deliverRows(deps, { workspaceId, sessionId, rows: result, lastSeq });
  }
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
  await deliverRows(deps, { workspaceId, sessionId, rows: result, lastSeq });
  return findSession(deps.sessions, workspaceId, sessionId);
}

/** Tells the workflow of internal rows, if there are any. */
async function deliverRows(
  deps: DeliverDeps,
  told: { workspaceId: string; sessionId: string; rows: JournalWrites['enqueue']; lastSeq: number },
): Promise<void> {
  const { rows, ...where } = told;
  if (rows.length === 0) return;
  await deliver(deps, {
    ...where,
    events: rows.map(({ event }) => event),
    accepted: rows.map(({ arrival, event }) => ({ id: event.id, arrival, seq: null, finished: false })),
  });
}

/** Removes a session with everything that belongs to it. @throws `invalid_request` while it runs, `not_found`. */
export async function deleteSession(deps: ChangeDeps, workspaceId: string, sessionId: string): Promise<void> {
  await deps.journal.deleteSession({ sessionId, workspaceId, caller: 'client' }, (view) => {
    refuseBusy(view, 'deleted');
  });
  deps.bus.publish({ type: 'deleted', sessionId });
  await deps.engine.remove(sessionId);
}

/** Undefined: it stays as it is. */
function changedBudget(
  details: SessionDetails,
  wanted: SessionUpdate['budget'],
): SessionDetails['budget'] | undefined {
  if (wanted === undefined || sameJson(wanted, details.budget)) return undefined;
  if (details.budget !== null) return wanted;
  throw new AppError(
    'invalid_request',
    'budget: budget_create_only: a session has a budget from its creation or never; a removed one cannot come back',
    { details: { error_code: 'budget_create_only' } },
  );
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
  const budget = changedBudget(details, params.budget);
  if (budget !== undefined) {
    changes.budget = budget;
    session.budget = budget;
  }
  const model = (session.agent ?? details.agent) as object as SessionAgent;
  const capped = budget === undefined ? details.budget : budget;
  if (capped !== null && (budget != null || changes.agent !== undefined)) {
    checkBudgetable(model.model.id, models);
  }
  return Object.keys(session).length === 0 ? null : { changes, session };
}
