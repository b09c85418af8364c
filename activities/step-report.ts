import type { Decision } from '../core/journal/decision.ts';
import type { JsonObject } from '../core/json.ts';
import { historyPlace } from '../providers/blob/history-copies.ts';
import type { BlobStore } from '../providers/blob/blob-store.ts';
import type { Journal, JournalEvent } from '../providers/store/journal.ts';
import type { HistoryEvent, StepReport } from './report.ts';

/** Bytes of an event that go into Temporal's history as they are, and bytes of one result altogether. */
const INLINE_EVENT_BYTES = 8 * 1024;
const INLINE_RESULT_BYTES = 256 * 1024;
const PREVIEW_CHARACTERS = 200;

/**
 * Builds what an activity returns: the outcome, and all events of its step keys, small ones inline, large ones as references to a blob
 * written before.
 */
export async function stepReport(
  deps: { journal: Journal; blobs: BlobStore },
  sessionId: string,
  stepKeys: readonly string[],
  decision: Extract<Decision, { kind: 'outcome' }>,
): Promise<StepReport> {
  const { outcome, standing } = decision;
  const silent = ['behind', 'nothing', 'opened'].includes(outcome.kind);
  if (silent || (outcome.kind === 'interrupted' && !outcome.consumed)) {
    return { outcome, standing, events: [] };
  }
  const stored: JournalEvent[] = [];
  for (const key of stepKeys) stored.push(...(await deps.journal.eventsOfStep(sessionId, key)));
  let room = INLINE_RESULT_BYTES;
  const events: HistoryEvent[] = [];
  for (const event of stored) {
    const text = JSON.stringify({ body: event.body, detail: event.detail });
    const bytes = Buffer.byteLength(text);
    const inline = bytes <= Math.min(INLINE_EVENT_BYTES, room);
    if (inline) room -= bytes;
    events.push({
      id: event.id,
      seq: event.seq ?? 0,
      arrival: event.arrival,
      type: event.type,
      stepKey: event.stepKey,
      processedAt: event.processedAt ?? 0,
      content: inline
        ? { body: event.body, detail: event.detail }
        : { ...(await offload(deps, sessionId, text)), preview: previewOf(event) },
    });
  }
  return { outcome, standing, events };
}

async function offload(deps: { journal: Journal; blobs: BlobStore }, sessionId: string, text: string) {
  const { workspaceId } = await deps.journal.setup(sessionId);
  return deps.blobs.put(historyPlace(workspaceId, sessionId), Buffer.from(text));
}

/** The first text of an event, cut on a code point: what an operator sees of it in the Temporal UI. */
function previewOf(event: JournalEvent): string {
  const text = firstText(event.body['content']) ?? JSON.stringify(event.body['input'] ?? '');
  return Array.from(text).slice(0, PREVIEW_CHARACTERS).join('');
}

function firstText(content: JsonObject[string] | undefined): string | null {
  if (!Array.isArray(content)) return null;
  for (const block of content) {
    if (
      typeof block === 'object' &&
      block !== null &&
      !Array.isArray(block) &&
      typeof block['text'] === 'string'
    ) {
      return block['text'];
    }
  }
  return null;
}
