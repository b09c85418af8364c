import type { Logger } from 'pino';
import type { Accepted } from '../../core/journal/accept.ts';
import type { NewEvent } from '../../core/journal/view.ts';
import { historyPlace } from '../../providers/blob/history-copies.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { Bus } from '../../providers/bus/bus.ts';
import type { SessionEngine, SignalledEvent } from '../../providers/engine/session-engine.ts';
import { signalBatches } from '../../providers/engine/signal-batches.ts';
import { toSignalledEvent } from '../../providers/engine/signalled-event.ts';
import { inTime } from '../../providers/health/in-time.ts';
import type { Journal } from '../../providers/store/journal.ts';

export interface DeliverDeps {
  bus: Pick<Bus, 'publish'>;
  engine: Pick<SessionEngine, 'signal'>;
  journal: Pick<Journal, 'markSignalled'>;
  blobs: Pick<BlobStore, 'put'>;
  log: Logger;
}

/** What a transaction accepted. `events` and `accepted` go in pairs. */
export interface Acceptance {
  sessionId: string;
  workspaceId: string;
  events: readonly NewEvent[];
  accepted: readonly Accepted[];
  lastSeq: number;
}

/**
 * Tells everybody who waits for accepted events: streams, workers and the workflow. The events are safe in the store, so whatever
 * fails here is logged and left to the sweeper; it never rejects, and it waits for Temporal a second at most, and for the blobs two.
 */
export async function deliver(deps: DeliverDeps, acceptance: Acceptance): Promise<void> {
  const { sessionId, workspaceId, accepted, lastSeq } = acceptance;
  try {
    publish(deps.bus, acceptance);
    if (accepted.some(({ seq }) => seq !== null)) deps.bus.publish({ type: 'grew', sessionId, seq: lastSeq });
    const waiting = acceptance.events.flatMap((event, index) => {
      const place = accepted[index];
      return place && !place.finished ? [{ event, place }] : [];
    });
    const signals = await inTime<SignalledEvent[] | null>(
      async () =>
        Promise.all(
          waiting.map(async ({ event, place: { arrival, seq } }) =>
            toSignalledEvent(deps.blobs, historyPlace(workspaceId, sessionId), {
              arrival,
              id: event.id,
              type: event.type,
              seq,
              ref: event.ref ?? null,
              body: event.body,
            }),
          ),
        ),
      () => null,
    );
    // Large events go by way of the blobs, whose storage may stand still; whoever sent them has waited long enough.
    if (signals === null) throw new Error('the blobs do not take a large event in time');
    const done = accepted.filter(({ finished }) => finished).map(({ arrival }) => arrival);
    for (const batch of signalBatches(signals)) {
      if (!(await deps.engine.signal(sessionId, batch))) break;
      done.push(...batch.map(({ arrival }) => arrival));
    }
    // Nobody waits for this: an event that is not marked is signalled once more, which is harmless.
    if (done.length > 0) {
      deps.journal.markSignalled(sessionId, done).catch((error: unknown) => {
        deps.log.warn(
          { err: error, session_id: sessionId },
          'accepted events could not be marked as signalled',
        );
      });
    }
  } catch (error) {
    deps.log.warn({ err: error, session_id: sessionId }, 'accepted events are left to the sweeper');
  }
}

function publish(bus: Pick<Bus, 'publish'>, { sessionId, events, accepted }: Acceptance): void {
  for (const [index, { arrival, finished }] of accepted.entries()) {
    if (events[index]?.type !== 'user.interrupt' || finished) continue;
    bus.publish({ type: 'interrupt', sessionId, arrival });
  }
}
