import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { StreamEvent } from '../service/wire.ts';

/** One frame of a session's stream. */
export interface Frame {
  /** Place in the log; null for previews and pings. */
  seq: string | null;
  /** Null: only a sign of life. */
  event: StreamEvent | null;
}

/**
 * The frames of a session's stream. The official client's own reader does not tell the frames' ids, which a broken stream goes on
 * from. Throws what the service says when it ends the stream with an error.
 */
export async function* readFrames(response: Response): AsyncGenerator<Frame> {
  if (response.body === null) return;
  const frames = response.body
    .pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array<ArrayBuffer>, string>)
    .pipeThrough(new EventSourceParserStream());
  for await (const { id, event: name, data } of frames) {
    const seq = id === undefined || id === '' ? null : id;
    if (name === 'ping') {
      yield { seq, event: null };
    } else if (name === 'error') {
      const { error } = JSON.parse(data) as { error?: { message?: string } };
      throw new Error(error?.message ?? 'The service ended the stream.');
    } else {
      yield { seq, event: JSON.parse(data) as StreamEvent };
    }
  }
}
