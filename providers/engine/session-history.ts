import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { StepReport } from '../../activities/report.ts';
import type { HistoryFact } from '../../core/operations/rebuild-journal.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { historyPlace } from '../blob/history-copies.ts';
import type { BlobStore } from '../blob/blob-store.ts';
import type { SignalledEvent } from './session-engine.ts';

type History = temporal.api.history.v1.IHistory;

/** What reads the histories of a session. Both reject while Temporal does not answer. */
export interface SessionHistory {
  /** All runs that Temporal still has, oldest first. */
  runs(sessionId: string): Promise<History[]>;
  /** What these histories say about the journal. References to blobs are resolved; rejects with `not_found` for a lost one. */
  facts(
    owner: { workspaceId: string; sessionId: string },
    histories: readonly History[],
  ): Promise<HistoryFact[]>;
}

export function createSessionHistory(client: Client, blobs: Pick<BlobStore, 'get'>): SessionHistory {
  const converter = client.options.loadedDataConverter;

  async function content<T>(place: string, sha256: string): Promise<T> {
    return JSON.parse(Buffer.from(await blobs.get(place, sha256)).toString('utf8')) as T;
  }

  async function accepted(place: string, event: SignalledEvent): Promise<HistoryFact> {
    const { arrival, id, type, seq } = event;
    const body =
      'inline' in event.content
        ? event.content.inline
        : await content<JsonObject>(place, event.content.sha256);
    return { kind: 'accepted', arrival, id, type, seq, body };
  }

  async function journaled(place: string, event: StepReport['events'][number]): Promise<HistoryFact> {
    const { content: told, ...rest } = event;
    const whole =
      'body' in told ? told : await content<{ body: JsonObject; detail: Json | null }>(place, told.sha256);
    return { kind: 'journaled', ...rest, body: whole.body, detail: whole.detail };
  }

  return {
    async runs(sessionId) {
      const found: { runId: string; started: number }[] = [];
      for await (const run of client.workflow.list({ query: `WorkflowId = '${sessionId}'` })) {
        found.push({ runId: run.runId, started: run.startTime.getTime() });
      }
      found.sort((left, right) => left.started - right.started);
      const histories: History[] = [];
      for (const { runId } of found) {
        histories.push(await client.workflow.getHandle(sessionId, runId).fetchHistory());
      }
      return histories;
    },

    async facts({ workspaceId, sessionId }, histories) {
      const place = historyPlace(workspaceId, sessionId);
      const facts: HistoryFact[] = [];
      for (const { events } of histories) {
        // Numbers of steps, by the events that scheduled them.
        const steps = new Map<string, number | null>();
        for (const event of events ?? []) {
          const signal = event.workflowExecutionSignaledEventAttributes;
          const completed = event.activityTaskCompletedEventAttributes;
          const scheduled = event.activityTaskScheduledEventAttributes;
          const payloads =
            signal?.input?.payloads ?? completed?.result?.payloads ?? scheduled?.input?.payloads;
          if (!payloads) continue;
          const [value] = await decodeArrayFromPayloads(converter, payloads);
          if (signal?.signalName === 'accepted') {
            for (const told of value as SignalledEvent[]) facts.push(await accepted(place, told));
          } else if (scheduled) {
            steps.set(String(event.eventId), (value as { step?: number } | null)?.step ?? null);
          } else if (completed && value !== null) {
            // What finds a session's host journals nothing and comes to nothing.
            const { events: told = [], outcome } = value as Partial<StepReport>;
            for (const one of told) facts.push(await journaled(place, one));
            const step = steps.get(String(completed.scheduledEventId)) ?? null;
            if (outcome) facts.push({ kind: 'ended', step, outcome });
          }
        }
      }
      return facts;
    },
  };
}
