import type { SignalledEvent } from './session-engine.ts';

/** Bytes of one signal at most: Temporal takes two megabytes, and a run's history counts them. */
const SIGNAL_BYTES = 64 * 1_024;

/** Cuts events into signals, in their order. */
export function* signalBatches(events: readonly SignalledEvent[]): Generator<SignalledEvent[]> {
  let batch: SignalledEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = Buffer.byteLength(JSON.stringify(event));
    if (batch.length > 0 && bytes + size > SIGNAL_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(event);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
