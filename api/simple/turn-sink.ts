import type { Response } from 'express';
import type { JsonObject } from '../../core/json.ts';
import { peerKey } from '../sse/dead-peers.ts';
import { openFrameSink, type FrameSink } from '../sse/frame-sink.ts';
import { sseFrame } from '../sse/sse-frame.ts';
import type { SessionFrame, Turn, TurnFrame } from './turn.ts';

/** Where a session's stream goes so that a client of the simple door reads it. */
export interface TurnSink {
  /** For the stream hub. */
  sink: FrameSink;
  /** Sends the headers and what came so far, a first frame before it. */
  begin(first?: TurnFrame): void;
  /** Nothing was sent, and nothing will be: the answer is another. */
  cancel(): void;
}

const COMMENT = Buffer.from(': still here\n\n');

/**
 * Turns the frames of a session's stream into those of the simple door, and ends the answer with the turn. Nothing is sent before
 * `begin`, so that the stream can be open before the message is accepted and an error still be an ordinary answer.
 *
 * @param onProblem - told when a frame could not be translated; the client is cut off then and comes back for the rest.
 */
export function createTurnSink(
  response: Response,
  turn: Turn,
  onProblem: (error: unknown) => void,
): TurnSink {
  const waiting: Buffer[] = [];
  const drained: (() => void)[] = [];
  const closed: (() => void)[] = [];
  let inner: FrameSink | null = null;
  let bytesWaiting = 0;
  let working = false;
  let ending = false;
  let isClosed = false;

  const close = () => {
    if (isClosed) return;
    isClosed = true;
    for (const callback of closed) callback();
  };

  response.once('close', close);

  async function work(to: FrameSink): Promise<void> {
    working = true;
    try {
      for (let bytes = waiting.shift(); bytes && !turn.over; bytes = waiting.shift()) {
        bytesWaiting -= bytes.length;
        const frame = readFrame(bytes);
        if (frame.event === 'ping') to.write(COMMENT);
        else for (const said of await turn.next(frame)) to.write(toBytes(said));
      }
    } catch (error) {
      onProblem(error);
      to.destroy();
    }
    working = false;
    if (turn.over || ending) to.end();
    for (const callback of drained) callback();
  }

  function run(): void {
    if (inner !== null && !working) void work(inner);
  }

  return {
    sink: {
      write(bytes) {
        if (isClosed || turn.over) return;
        waiting.push(bytes);
        bytesWaiting += bytes.length;
        run();
      },
      get backlog() {
        return bytesWaiting + (inner?.backlog ?? 0);
      },
      get peer() {
        return response.socket && peerKey(response.socket);
      },
      onDrain(callback) {
        drained.push(callback);
        response.on('drain', callback);
      },
      onClose(callback) {
        if (isClosed || response.closed || response.destroyed) queueMicrotask(callback);
        else closed.push(callback);
      },
      end() {
        ending = true;
        run();
      },
      destroy() {
        response.destroy();
      },
    },
    begin(first) {
      inner = openFrameSink(response);
      if (first) inner.write(toBytes(first));
      run();
    },
    cancel: close,
  };
}

/** A frame as `sseFrame` made it: at most an id, a name and one line of data. */
function readFrame(bytes: Buffer): SessionFrame {
  const frame: SessionFrame = { event: '', data: {}, id: null };
  for (const line of bytes.toString('utf8').split('\n')) {
    const colon = line.indexOf(': ');
    const value = line.slice(colon + 2);
    switch (line.slice(0, colon)) {
      case 'id':
        frame.id = Number(value);
        break;
      case 'event':
        frame.event = value;
        break;
      case 'data':
        frame.data = JSON.parse(value) as JsonObject;
        break;
    }
  }
  return frame;
}

function toBytes({ event, data, id }: TurnFrame): Buffer {
  if (event !== undefined) return sseFrame(event, data, id);
  return Buffer.from(id === undefined ? '' : `id: ${id}\n\n`);
}
