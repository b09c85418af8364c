import { isAppError, type AppError } from '../../core/errors.ts';
import { connectionFailure } from './connection-failure.ts';
import { drain } from './drain.ts';
import type { ModelStreamPart } from './model-provider.ts';
import { createStreamGuard, type StreamGuard, type StreamLimits } from './stream-guard.ts';
import { toModelError } from './vendor-failure.ts';

/** Follows a vendor's events and turns each into the previews that it is worth. */
export interface StreamReader<Event> {
  read(event: Event): ModelStreamPart[];
  /** Whether the vendor's end marker came. */
  readonly complete: boolean;
}

/**
 * What all adapters do around a request: watch its time, pass an abort on, and turn whatever goes wrong into the port's errors.
 *
 * @param toFailure - turns an error of the vendor's SDK into an `AppError`; gives defects of ours back as they are.
 */
export async function* guardedStream(
  options: { vendor: string; limits: StreamLimits; toFailure: (error: unknown) => unknown },
  signal: AbortSignal,
  converse: (guard: StreamGuard) => AsyncGenerator<ModelStreamPart>,
): AsyncGenerator<ModelStreamPart> {
  signal.throwIfAborted();
  const guard = createStreamGuard(options.limits, options.vendor, signal);
  try {
    yield* converse(guard);
  } catch (error) {
    throw guard.reason()?.error ?? options.toFailure(error);
  } finally {
    guard.stop();
  }
}

/**
 * Reads events until the reader has the end marker; a stream that ends before gives no response, however much of it came.
 *
 * @param after - `drain` reads what follows the marker in the background; `open` leaves it to the caller.
 */
export async function* followEvents<Event>(
  vendor: string,
  events: AsyncIterator<Event>,
  reader: StreamReader<Event>,
  guard: StreamGuard,
  after: 'drain' | 'open' = 'drain',
): AsyncGenerator<ModelStreamPart> {
  try {
    while (!reader.complete) {
      const event = await events.next().catch((error: unknown) => {
        // The SDKs look into events as well.
        const isForeign = error instanceof TypeError && connectionFailure(error, vendor) === undefined;
        throw isForeign ? notUnderstood(vendor, error) : error;
      });
      guard.progress();
      if (event.done === true)
        throw toModelError({ vendor, message: 'the stream ended before the end of the message' });
      for (const part of understood(vendor, () => reader.read(event.value))) {
        guard.hold();
        yield part;
        guard.progress();
      }
    }
  } finally {
    // Whoever stops reading in the middle has no use for the connection any more.
    if (!reader.complete) {
      guard.abandon();
      await events.return?.();
    }
  }
  if (after === 'drain') drain(events, () => guard.abandon());
}

/**
 * Reads what a vendor sent. What cannot be read, such as an object that lacks what it always had, is the vendor's failure and is counted
 * as one: as a defect of ours it would be asked for, and paid for, again and again.
 */
export function understood<Read>(vendor: string, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    throw isAppError(error) || !(error instanceof Error) ? error : notUnderstood(vendor, error);
  }
}

function notUnderstood(vendor: string, error: Error): AppError {
  return toModelError({ vendor, message: `its answer is not understood: ${error.message}`, cause: error });
}

/** The same for a call that answers at once, such as counting tokens. */
export async function guardedCall<Answer>(
  options: { vendor: string; limits: StreamLimits; toFailure: (error: unknown) => unknown },
  signal: AbortSignal,
  call: (guard: StreamGuard) => Promise<Answer>,
): Promise<Answer> {
  signal.throwIfAborted();
  const guard = createStreamGuard(options.limits, options.vendor, signal);
  try {
    return await call(guard);
  } catch (error) {
    throw guard.reason()?.error ?? options.toFailure(error);
  } finally {
    guard.stop();
  }
}
