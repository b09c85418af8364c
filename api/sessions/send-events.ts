import type { BetaManagedAgentsSessionEvent } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import type { SessionAgent } from '../../core/agent/agent-types.ts';
import type { Models } from '../../core/agent/agent-spec.ts';
import { accept, type Accepted, type AcceptView } from '../../core/journal/accept.ts';
import { toShownEvent } from '../../core/journal/shown-event.ts';
import { AppError } from '../../core/errors.ts';
import type { ClientEvent } from '../../core/schema/client-event.ts';
import type { Journal } from '../../providers/store/journal.ts';
import type { SessionSkills } from '../../providers/store/session-skills.ts';
import type { SessionStore } from '../../providers/store/sessions.ts';
import { activeTrace, linkToTurn } from '../../providers/telemetry/trace-context.ts';
import type { MediaAudience } from '../media/pin-block.ts';
import type { MediaDeps } from '../media/pin-media.ts';
import type { NewId } from '../new-id.ts';
import { findSession } from './find-session.ts';
import { deliver, type DeliverDeps } from './deliver.ts';
import { prepareEvents, type PreparedEvent } from './new-events.ts';
import { settleCommit } from './settle-commit.ts';
import { giveUpStored } from '../media/give-up-stored.ts';

export interface SendDeps extends DeliverDeps {
  journal: Pick<Journal, 'transact' | 'event' | 'markSignalled'>;
  sessions: Pick<SessionStore, 'get'>;
  media: MediaDeps;
  /** For whom a session's images and documents are made ready. */
  audienceOf(
    workspaceId: string,
    agent: SessionAgent,
    resources: MediaAudience['resources'],
  ): Promise<MediaAudience>;
  sessionSkills: SessionSkills;
  models: Models;
  newId: NewId;
  /** How many events may wait in one session. */
  maxUnprocessedEvents: number;
}

export interface Sent {
  events: BetaManagedAgentsSessionEvent[];
  /** Settles when everybody was told, and never rejects. Temporal's word is waited for a second at most. */
  delivered: Promise<void>;
}

interface Outcome {
  accepted: Accepted[];
  lastSeq: number;
  /** When those that took effect at once did. */
  now: number;
}

/**
 * Accepts a batch of events, all or nothing, and tells who has to know. What is returned is durable, and will be processed whatever
 * dies.
 *
 * @throws `invalid_request`, `not_found`, `not_implemented`, `rate_limited`, `unavailable`; then nothing was accepted.
 */
export async function sendEvents(
  deps: SendDeps,
  workspaceId: string,
  sessionId: string,
  events: readonly ClientEvent[],
): Promise<Sent> {
  const index = events.findIndex(({ type }) => type === 'system.message');
  if (index !== -1) {
    const session = await findSession(deps.sessions, workspaceId, sessionId);
    refuseSystemMessage(deps.models, session.agent.model.id, index);
  }
  const audience = async () => {
    const { agent, resources } = await findSession(deps.sessions, workspaceId, sessionId);
    return deps.audienceOf(workspaceId, agent, resources);
  };
  const { prepared, outcome } = await giveUpStored(deps, workspaceId, async (storing) => {
    const ready = await prepareEvents(
      { ...storing, pins: async () => deps.sessionSkills.of(sessionId) },
      workspaceId,
      audience,
      events,
      'events',
    );
    const settled = await settleCommit(
      async () => accepting(deps, workspaceId, sessionId, ready),
      async () => standing(deps.journal, workspaceId, sessionId, ready),
    );
    return { prepared: ready, outcome: settled };
  });
  const delivered = deliver(deps, {
    sessionId,
    workspaceId,
    events: prepared.map(({ event }) => event),
    accepted: outcome.accepted,
    lastSeq: outcome.lastSeq,
  });
  const shown = prepared.map((event, place) =>
    toShownEvent(event.shown, outcome.accepted[place]?.seq == null ? null : outcome.now),
  );
  return { events: shown, delivered };
}

async function accepting(
  deps: SendDeps,
  workspaceId: string,
  sessionId: string,
  prepared: readonly PreparedEvent[],
): Promise<Outcome> {
  const trace = activeTrace();
  const events = prepared.map(({ event }) => (trace === null ? event : { ...event, trace }));
  const named = events.flatMap(({ ref }) => (ref === undefined ? [] : [ref]));
  const { result, lastSeq } = await deps.journal.transact(
    { sessionId, workspaceId, named, caller: 'client' },
    (view) => {
      checkView(view, prepared);
      if (view.thread.trace !== null && goesOn(view)) linkToTurn(view.thread.trace);
      const { writes, accepted } = accept(view, events, deps.maxUnprocessedEvents, {
        event: () => deps.newId('event'),
      });
      return { writes, result: { accepted, now: view.now } };
    },
  );
  return { ...result, lastSeq };
}

/** What the journal holds of the batch: all of it, or null. Asked behind the session's lock, so that no commit is under way. */
async function standing(
  journal: SendDeps['journal'],
  workspaceId: string,
  sessionId: string,
  prepared: readonly PreparedEvent[],
): Promise<Outcome | null> {
  const { lastSeq } = await journal.transact({ sessionId, workspaceId, caller: 'client' }, () => ({
    writes: null,
    result: null,
  }));
  const found = await Promise.all(prepared.map(async ({ event }) => journal.event(sessionId, event.id)));
  const accepted = found.flatMap((event) =>
    event?.arrival == null
      ? []
      : [
          {
            id: event.id,
            arrival: event.arrival,
            seq: event.seq,
            finished: event.type === 'user.interrupt' && event.seq !== null,
          },
        ],
  );
  const now = Math.max(0, ...found.map((event) => event?.processedAt ?? 0));
  return accepted.length === prepared.length ? { accepted, lastSeq, now } : null;
}

/** Whether a turn is under way, or waits for what is sent now. */
function goesOn({ head, thread }: AcceptView): boolean {
  if (head.status !== 'idle') return thread.trace?.end === null;
  return head.stop?.type === 'requires_action';
}

function checkView(view: AcceptView, prepared: readonly PreparedEvent[]): void {
  if (view.head.status === 'terminated') {
    throw new AppError('invalid_request', 'The session is terminated; it takes no more events.');
  }
  for (const [index, { threadId }] of prepared.entries()) {
    if (threadId === null || threadId === view.thread.id) continue;
    throw new AppError(
      'invalid_request',
      `events.${index}.session_thread_id: ${threadId} is not a thread of this session`,
    );
  }
}

function refuseSystemMessage(models: Models, model: string, index: number): void {
  if (models.resolve(model)?.midConversationSystem !== false) return;
  throw new AppError(
    'invalid_request',
    `events.${index}.type: model_does_not_support_mid_conversation_system: ${model} takes no system messages in the middle of a conversation`,
    { details: { error_code: 'model_does_not_support_mid_conversation_system' } },
  );
}
