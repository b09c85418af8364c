import { setTimeout as delay } from 'node:timers/promises';
import { errorRow, isAppError, type AppError } from '../../core/errors.ts';
import type { BusMessage, Preview } from '../../providers/bus/bus.ts';
import type { FrameReader } from './frame-reader.ts';
import { toPreviewEvent } from './preview-event.ts';
import { createRecentFrames } from './recent-frames.ts';
import { sseFrame } from './sse-frame.ts';
import type { StreamFrame } from './stream-frame.ts';
import type { WatchedSession, Watcher } from './watcher.ts';

/** One session in this process: read once, shown to all who watch it. */
export interface SessionFeed extends WatchedSession {
  readonly watchers: ReadonlySet<Watcher>;
  /** Begins behind what the store gave after the feed was subscribed. Later calls only say that the journal grew. */
  begin(head: { workspaceId: string; lastSeq: number }): void;
  add(watcher: Watcher): void;
  remove(watcher: Watcher): void;
  receive(message: BusMessage): void;
  /** The journal has at least this much. */
  grew(seq: number): void;
  /** Ends all streams behind a last frame. */
  end(last?: Buffer): void;
}

export interface SessionFeedDeps {
  sessionId: string;
  reader: FrameReader;
  onDeleted: () => void;
  onReadError: (error: unknown) => void;
}

const PAGE = 200;
const RECENT_BYTES = 1024 * 1024;
/** Previews that wait for events to be read; more are dropped. */
const HELD = 5_000;
const RETRY_MS = 250;

export function createSessionFeed(deps: SessionFeedDeps): SessionFeed {
  const { sessionId, reader, onDeleted, onReadError } = deps;
  const watchers = new Set<Watcher>();
  const recent = createRecentFrames(RECENT_BYTES);
  /** Model requests under way that began behind the feed's beginning: the id of the beginning, and its `seq`. */
  const openSpans = new Map<string, number>();
  const openSeqs = new Set<number>();
  let held: { preview: Preview; behind: number }[] = [];
  let position: number | null = null;
  let workspaceId = '';
  let target = 0;
  let reading = false;
  let ended = false;

  function take(frames: readonly StreamFrame[]): void {
    for (const frame of frames) {
      recent.push(frame);
      position = frame.seq;
      if (frame.type === 'span.model_request_start') {
        openSpans.set(frame.eventId, frame.seq);
        openSeqs.add(frame.seq);
      }
      if (frame.spanId !== null) {
        openSeqs.delete(openSpans.get(frame.spanId) ?? 0);
        openSpans.delete(frame.spanId);
      }
    }
    for (const watcher of watchers) watcher.pump();
    if (position !== null && held.length > 0) release(position);
    if ([...watchers].every((watcher) => watcher.position === position)) recent.clear();
  }

  /** Shows the previews that waited for the events up to `seq`. */
  function release(seq: number): void {
    const due = held.filter(({ behind }) => behind <= seq);
    if (due.length === 0) return;
    held = held.filter(({ behind }) => behind > seq);
    for (const { preview } of due) show(preview);
  }

  function show(preview: Preview): void {
    // An attempt that is over, or that began before anybody here watched, shows nothing more.
    if (!openSeqs.has(preview.spanSeq)) return;
    let bytes: Buffer | null = null;
    const frame = () => {
      if (bytes) return bytes;
      const event = toPreviewEvent(preview);
      bytes = sseFrame(event.type, event);
      return bytes;
    };
    for (const watcher of watchers) watcher.preview(preview, frame);
  }

  /** Where to read on; null when there is nothing to read. */
  function next(): number | null {
    return !ended && position !== null && position < target ? position : null;
  }

  function readBehind(after: number, limit: number): Promise<StreamFrame[]> {
    return reader.read({ id: sessionId, workspaceId }, after, limit);
  }

  async function read(): Promise<void> {
    if (reading || next() === null) return;
    reading = true;
    try {
      for (let after = next(); after !== null; after = next()) {
        const wanted = target;
        const frames = await readBehind(after, PAGE);
        take(frames);
        // Whoever said that there was more was wrong, or the rows are gone with their session.
        if (frames.length === 0 && target === wanted) {
          target = after;
          held = [];
        }
      }
    } catch (error) {
      onReadError(error);
      if (isFinal(error)) {
        for (const watcher of watchers) watcher.fail(error);
      } else {
        void delay(RETRY_MS, undefined, { ref: false }).then(read);
      }
    } finally {
      reading = false;
    }
  }

  /** A preview is judged by all of the journal that was known to be there when it came: its span may have ended by then. */
  function receivePreview(preview: Preview): void {
    const behind = Math.max(preview.spanSeq, target);
    if (position !== null && behind <= position) show(preview);
    else if (held.length < HELD) held.push({ preview, behind });
    grew(preview.spanSeq);
  }

  function grew(seq: number): void {
    target = Math.max(target, seq);
    void read();
  }

  return {
    watchers,
    get position() {
      return position ?? 0;
    },
    recent: (seq) => recent.from(seq),
    read: readBehind,
    begin(head) {
      const { lastSeq } = head;
      if (position === null) {
        workspaceId = head.workspaceId;
        position = lastSeq;
        release(lastSeq);
      }
      grew(lastSeq);
    },
    add(watcher) {
      watchers.add(watcher);
      if (ended) watcher.end();
      else watcher.pump();
    },
    remove(watcher) {
      watchers.delete(watcher);
    },
    receive(message) {
      switch (message.type) {
        case 'grew':
          grew(message.seq);
          return;
        case 'deleted':
          onDeleted();
          return;
        case 'preview_start':
        case 'preview_delta':
          receivePreview(message);
          return;
        case 'interrupt':
        case 'watched':
          return;
      }
    },
    grew,
    end(last) {
      ended = true;
      for (const watcher of watchers) watcher.end(last);
    },
  };
}

/** Whether the same read can never succeed, as when an event's large parts are lost. */
export function isFinal(error: unknown): error is AppError {
  return isAppError(error) && errorRow(error.code).retry === 'never';
}
