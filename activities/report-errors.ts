import { toolKey } from '../core/journal/attempt.ts';
import type { JournalWrites } from '../core/journal/writes.ts';
import type { AppError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { ModelEntry } from '../core/models/model-entry.ts';
import type { SessionTrouble } from '../providers/telemetry/trouble-log.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** The failure of a model that an error in the journal is about. */
export interface ModelFailure {
  error: AppError;
  model: string;
  entry: ModelEntry | null;
}

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
        provider: failure.entry?.provider,
        cause: causeOf(failure.error),
      }),
    });
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
