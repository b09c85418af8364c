import { isAppError, type AppError } from '../../core/errors.ts';
import { connectionFailure } from './connection-failure.ts';
import { drain } from './drain.ts';
import type { ModelResponse, ModelStreamPart, ModelUsage } from './model-provider.ts';
import { soundUsage } from './sum-usage.ts';
import { createStreamGuard, type StreamGuard, type StreamLimits } from './stream-guard.ts';
import { answerOf, toModelError } from './vendor-failure.ts';

/**
 * How far an answer is. `open`: the reason for its end has not come. `reasoned`: it came with content or before more of it, as servers do
 * that write one into every chunk. `settled`: it came by itself and nothing since. `ended`: nothing that follows counts.
 */
export type ReadState = 'open' | 'reasoned' | 'settled' | 'ended';

/** Follows a vendor's events and turns each into the previews that it is worth. */
export interface StreamReader<Event> {
  read(event: Event): ModelStreamPart[];
  readonly state: ReadState;
  /**
   * The stream said that it is over (`[DONE]`), or was one whole document, and gave no reason: whoever takes this for an end changes
   * its state. An answer of which nothing came stays open.
   */
  marked(): void;
}

/**
 * How long a stream may keep silent once the reason for its end is known. Servers close it, or mark its end, within milliseconds; this is
 * for those that keep the connection open, and long enough for those that give their reason before they go on: longer where content came with the
 * reason or after it, so that the reason says little.
 */
const PATIENCE_MS = { settled: 5_000, reasoned: 15_000 };

/**
 * What all adapters do around a request: watch its time, pass an abort on, and turn whatever goes wrong into the port's errors, or into
 * the response that an error stands for.
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
  const begun: Begun = { texts: new Map(), usage: NO_USAGE };
  try {
    for await (const part of converse(guard)) {
      if (part.type === 'usage') begun.usage = soundUsage(part.usage);
      if (part.type === 'text-delta')
        begun.texts.set(part.index, (begun.texts.get(part.index) ?? '') + part.text);
      yield sound(part);
    }
  } catch (error) {
    const failure = guard.reason()?.error ?? options.toFailure(error);
    const response = responseIn(failure, begun);
    if (response === undefined) throw failure;
    yield { type: 'finish', response };
  } finally {
    guard.stop();
  }
}

function sound(part: ModelStreamPart): ModelStreamPart {
  if (part.type === 'usage') return { ...part, usage: soundUsage(part.usage) };
  if (part.type !== 'finish') return part;
  return { ...part, response: { ...part.response, usage: soundUsage(part.response.usage) } };
}

const NO_USAGE: ModelUsage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_5m_input_tokens: 0,
  cache_creation_1h_input_tokens: 0,
};

/** What came of an answer before its error: its texts by their place, as they were shown. */
interface Begun {
  texts: Map<number, string>;
  usage: ModelUsage;
}

/** The response that a vendor reported as an error, with what it had said by then. */
function responseIn(failure: unknown, { texts, usage }: Begun): ModelResponse | undefined {
  const told = answerOf(failure);
  if (told === undefined) return undefined;
  const { answer: stop, category, said } = told;
  const blocks = [...texts.values()].map((text) => ({ type: 'text' as const, text }));
  return stop === 'refusal'
    ? { blocks, stop, refusal: { category, explanation: said }, usage }
    : { blocks, stop, said, usage };
}

/**
 * Reads an answer to its end, wherever in it the reason for the end stands: until the vendor's last event, the end marker or the end of the
 * stream. A stream that ends before there was a reason or a marker gives no response, however much of it came. One that breaks off after
 * the reason does too, unless the reason stood by itself at the end.
 */
export async function* followEvents<Event>(
  vendor: string,
  events: AsyncIterator<Event, unknown>,
  reader: StreamReader<Event>,
  guard: StreamGuard,
): AsyncGenerator<ModelStreamPart> {
  let isWhole = false;
  try {
    while (reader.state !== 'ended') {
      const event = await nextEvent(vendor, events, reader, guard);
      if (event === 'silence') break;
      guard.progress();
      if (event.done === true) {
        if (event.value === 'marker' && reader.state === 'open') reader.marked();
        if (reader.state === 'open')
          throw toModelError({ vendor, message: 'the stream ended before the end of the message' });
        break;
      }
      for (const part of understood(vendor, () => reader.read(event.value))) {
        guard.hold();
        yield part;
        guard.progress();
      }
    }
    isWhole = true;
  } finally {
    // Whoever stops reading in the middle has no use for the connection any more.
    if (!isWhole) {
      guard.abandon();
      await events.return?.();
    }
  }
  drain(events, () => guard.abandon());
}

/** The next event; `silence` where the answer may be complete and nothing more came for a while, or the stream broke off after its end. */
async function nextEvent<Event>(
  vendor: string,
  events: AsyncIterator<Event, unknown>,
  reader: StreamReader<Event>,
  guard: StreamGuard,
): Promise<IteratorResult<Event, unknown> | 'silence'> {
  const coming = events.next().catch((error: unknown) => {
    if (reader.state === 'settled' && guard.reason() === undefined) return 'silence' as const;
    // The SDKs look into events as well.
    const isForeign = error instanceof TypeError && connectionFailure(error, vendor) === undefined;
    throw isForeign ? notUnderstood(vendor, error) : error;
  });
  if (reader.state === 'open') return await coming;
  const patience = reader.state === 'settled' ? 'settled' : 'reasoned';
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<'silence'>((resolve) => {
    timer = setTimeout(resolve, Math.min(PATIENCE_MS[patience], guard.stallMs / 2), 'silence');
  });
  try {
    return await Promise.race([coming, silence]);
  } finally {
    clearTimeout(timer);
    coming.catch(() => undefined);
  }
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
