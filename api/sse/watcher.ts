import type { AppError } from '../../core/errors.ts';
import type { Preview, PreviewedType } from '../../providers/bus/bus.ts';
import type { FrameSink } from './frame-sink.ts';
import { errorFrame, PING_FRAME } from './sse-frame.ts';
import type { StreamFrame } from './stream-frame.ts';

/** What a watcher sees of its session. */
export interface WatchedSession {
  /** The last `seq` that may be sent. */
  readonly position: number;
  /** Frames from `seq` on, if they are still held. */
  recent(seq: number): readonly StreamFrame[] | null;
  /** Frames behind `after` from the store. */
  read(after: number, limit: number): Promise<StreamFrame[]>;
}

export interface WatcherOptions {
  session: WatchedSession;
  sink: FrameSink;
  requestId: string;
  threadId: string;
  /** Events up to this `seq` are not sent. */
  after: number;
  /** The session's last `seq` when the client came: requests under way then are not previewed. */
  attachedAt: number;
  /** The stream ends when everything up to here was sent; null: it goes on. */
  endAt: number | null;
  previews: ReadonlySet<PreviewedType>;
  /** The client was sent all events up to `seq`: a turn's end, or whatever it had when it went. */
  onTold: (seq: number) => void;
  /** The stream cannot go on from the store for now. The watcher tries again when it is pumped. */
  onReadError: (error: unknown) => void;
}

/** One client of a stream: where it is, and what it can take. */
export interface Watcher {
  readonly position: number;
  /** Sends what there is and the client can take. Called whenever the session has more; cheap when it has not. */
  pump(): void;
  /** Shows a piece of an event, if the client asked for it and keeps up. `frame` makes its bytes. */
  preview(preview: Preview, frame: () => Buffer): void;
  ping(): void;
  /** Sends a last frame, if any, and closes the stream. */
  end(last?: Buffer): void;
  /** Tells the client of an error and closes the stream. */
  fail(error: AppError): void;
}

/** A client with more than this not taken gets no previews. */
const PREVIEW_BACKLOG = 64 * 1024;
/** A client with more than this not taken gets nothing more until it has taken all; what it misses is read from the store then. */
const FULL_BACKLOG = 256 * 1024;
/** Events read at once for a client that lags. */
const PAGE = 100;

const TURN_ENDS = new Set(['session.status_idle', 'session.status_terminated']);

export function createWatcher(options: WatcherOptions): Watcher {
  const { session, sink, requestId, threadId, attachedAt, endAt, previews, onTold, onReadError } = options;
  /** Events that the client sees being written. Whoever missed a piece of one is shown no more of it. */
  const shown = new Map<string, { length: number }>();
  let position = options.after;
  let ended = false;
  let reading = false;
  let sent = false;

  const end = (last?: Buffer) => {
    if (ended) return;
    ended = true;
    if (last) sink.write(last);
    sink.end();
  };
  const needsStore = () =>
    !ended && !isFull() && position < session.position && session.recent(position + 1) === null;
  const isFull = () => sink.backlog > FULL_BACKLOG;

  /** Sends frames until the client can take no more. */
  function send(frames: readonly StreamFrame[]): void {
    for (const frame of frames) {
      if (ended || isFull()) return;
      if (frame.seq <= position) continue;
      position = frame.seq;
      if (frame.threadId === threadId) {
        sink.write(frame.bytes);
        sent = true;
        shown.delete(frame.eventId);
        if (frame.type === 'span.model_request_end') shown.clear();
        if (TURN_ENDS.has(frame.type)) onTold(position);
        if (frame.type === 'session.status_terminated') end();
      }
      if (endAt !== null && position >= endAt) end();
    }
  }

  /** Sends what only the store still has. False: the store has no more, although the session went further. */
  async function catchUp(): Promise<boolean> {
    let limit = PAGE;
    while (needsStore()) {
      const before = position;
      const frames = await session.read(position, limit);
      send(frames);
      // Rows of a deleted session are gone; its end is announced by the feed.
      if (frames.length === 0) return false;
      // What the client could not take is read again, so no more is read than it takes.
      limit = Math.min(PAGE, Math.max(1, 2 * (position - before)));
    }
    return true;
  }

  async function follow(): Promise<void> {
    reading = true;
    let more = false;
    try {
      more = await catchUp();
    } catch (error) {
      onReadError(error);
    }
    reading = false;
    if (more) pump();
  }

  function pump(): void {
    if (ended || reading) return;
    for (let frames = session.recent(position + 1); frames; frames = session.recent(position + 1)) {
      const before = position;
      send(frames);
      if (ended || position === before) return;
    }
    if (position >= session.position) {
      if (endAt !== null && position >= endAt) end();
      return;
    }
    if (!isFull()) void follow();
  }

  sink.onDrain(pump);
  sink.onClose(() => {
    ended = true;
    if (sent) onTold(position);
  });

  return {
    get position() {
      return position;
    },
    pump,
    preview(preview, frame) {
      if (ended || preview.threadId !== threadId || preview.spanSeq <= attachedAt) return;
      const isStart = preview.type === 'preview_start';
      if (isStart && (!previews.has(preview.eventType) || shown.has(preview.eventId))) return;
      const before = shown.get(preview.eventId);
      if (!isStart && !before) return;
      const keepsUp = position === session.position && sink.backlog <= PREVIEW_BACKLOG;
      if (!keepsUp || (!isStart && before?.length !== preview.offset)) {
        shown.delete(preview.eventId);
        return;
      }
      sink.write(frame());
      shown.set(preview.eventId, { length: isStart ? 0 : preview.offset + preview.text.length });
    },
    ping() {
      if (!ended && sink.backlog <= PREVIEW_BACKLOG) sink.write(PING_FRAME);
    },
    end,
    fail: (error) => end(errorFrame(error, requestId)),
  };
}
