import { setTimeout as delay } from 'node:timers/promises';
import { toolKey } from '../core/journal/attempt.ts';
import type { JournalWrites } from '../core/journal/writes.ts';
import { isAppError, type AppError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { connectionNameOf } from '../core/models/connection.ts';
import type { ModelEntry } from '../core/models/model-entry.ts';
import type { SessionTrouble } from '../providers/telemetry/trouble-log.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** The failure of a model that an error in the journal is about. */
export interface ModelFailure {
  error: AppError;
  model: string;
  entry: ModelEntry | null;
}

/** How often, and how many times, it is looked for what a transaction wrote whose answer was lost. */
const LOOK_MS = 1_000;
const LOOKS = 60;

/**
 * Tells operators of the errors that a transaction has journaled, once each: what clients read in a session, operators find in the log. A
 * failure to say which workspace it was in changes nothing for the session.
 */
export async function reportErrors(
  deps: Pick<ActivityDependencies, 'journal' | 'troubles'>,
  of: { sessionId: string; rowKey: string },
  writes: JournalWrites | null,
  failure?: ModelFailure,
): Promise<void> {
  const events = (writes?.entries ?? []).flatMap((entry) => (entry.kind === 'append' ? [entry.event] : []));
  const errors = events
    .filter(({ type }) => type === 'session.error')
    .map(({ body }) => fieldsOf(body['error']));
  const atBudget = events.some(
    ({ type, body }) =>
      type === 'session.status_idle' && fieldsOf(body['stop_reason'])['type'] === 'budget_reached',
  );
  if (errors.length === 0 && !atBudget) return;
  const setup = await deps.journal.setup(of.sessionId).catch(() => null);
  const about = { sessionId: of.sessionId, workspaceId: setup?.workspaceId ?? null, step: of.rowKey };
  if (atBudget) deps.troubles.session({ ...about, effect: 'at_budget', type: 'budget_reached', reason: '' });
  for (const error of errors) {
    deps.troubles.session({
      ...about,
      effect: effectOf(error, of.rowKey),
      type: textIn(error['type']),
      reason: textIn(error['message']),
      ...(failure && {
        code: failure.error.code,
        model: failure.model,
        provider: failure.entry ? connectionNameOf(failure.entry) : undefined,
        cause: causeOf(failure.error),
      }),
    });
  }
}

/**
 * Runs a transaction, and sees to it that its errors are told although the answer to its commit is lost: the next attempt only finds what
 * stands, and knows nothing of their cause. Nobody waits for that.
 *
 * @param transact - runs the transaction, and gives `decided` what it writes.
 */
export async function reportingLostCommits<Result>(
  deps: Pick<ActivityDependencies, 'journal' | 'troubles'>,
  of: { sessionId: string; rowKey: string },
  transact: (decided: (writes: JournalWrites | null, failure?: ModelFailure) => void) => Promise<Result>,
): Promise<Result> {
  let decided: { writes: JournalWrites; failure: ModelFailure | undefined } | null = null;
  try {
    return await transact((writes, failure) => {
      decided = writes && { writes, failure };
    });
  } catch (error) {
    if (decided !== null && isAppError(error) && error.code === 'commit_unknown') {
      void reportIfWritten(deps, of, decided);
    }
    throw error;
  }
}

async function reportIfWritten(
  deps: Pick<ActivityDependencies, 'journal' | 'troubles'>,
  of: { sessionId: string; rowKey: string },
  { writes, failure }: { writes: JournalWrites; failure: ModelFailure | undefined },
): Promise<void> {
  const appended = writes.entries.flatMap((entry) => (entry.kind === 'append' ? [entry.event.id] : []));
  if (appended.length === 0) return;
  for (let look = 0; look < LOOKS; look += 1) {
    // The database is away, or still at the commit.
    const stored = await deps.journal.eventsOfStep(of.sessionId, writes.stepKey ?? of.rowKey).catch(() => []);
    if (stored.some(({ id }) => appended.includes(id))) {
      await reportErrors(deps, of, writes, failure);
      return;
    }
    await delay(LOOK_MS, undefined, { ref: false });
  }
}

function effectOf(error: Fields, rowKey: string): SessionTrouble['effect'] {
  if (rowKey.startsWith(toolKey(''))) return 'beside';
  if ('fallback_model' in error) return 'other_model';
  return fieldsOf(error['retry_status'])['type'] === 'retrying' ? 'retried' : 'ends_turn';
}

/** What lies under a failure. What is said of credentials may quote parts of them. */
function causeOf({ code, cause }: AppError): string | undefined {
  return code === 'model_credentials_refused' || !(cause instanceof Error)
    ? undefined
    : cause.message.slice(0, 1_000);
}

type Fields = Record<string, Json | undefined>;

function fieldsOf(value: Json | undefined): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

function textIn(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
