import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Bus, PreviewedType } from '../../providers/bus/bus.ts';
import type { EventList } from '../../providers/store/event-list.ts';
import type { Journal, SessionHead } from '../../providers/store/journal.ts';
import { createAttention, type Attention } from './attention.ts';
import { findDeadPeers } from './dead-peers.ts';
import { deletedFrame } from './deleted-frame.ts';
import { createFrameReader } from './frame-reader.ts';
import type { FrameSink } from './frame-sink.ts';
import { createSessionFeed, isFinal, type SessionFeed } from './session-feed.ts';
import { createWatcher, type Watcher } from './watcher.ts';

export interface StreamRequest {
  sessionId: string;
  /** null: the session's primary thread. */
  threadId: string | null;
  workspaceId: string;
  requestId: string;
  /** The last event that the client has; null: it begins with what comes. */
  lastEventId: number | null;
  previews: ReadonlySet<PreviewedType>;
}

/** All event streams of this process. */
export interface StreamHub {
  readonly attention: Attention;
  /** How many streams are open. */
  readonly open: number;
  /**
   * Opens a stream: subscribes, then reads the journal, so that nothing is lost or doubled in between. `openSink` is called, and so the
   * headers are sent, once everything that will not be on the stream is in the list. Rejects with `not_found`, `invalid_request` for a
   * last event that the session does not have, `unavailable` while draining or without the store.
   */
  attach(request: StreamRequest, openSink: () => FrameSink): Promise<void>;
  /** Ends all streams and takes no new ones; clients connect elsewhere and go on behind their last event. */
  drain(): void;
}

export interface StreamHubDeps {
  bus: Bus;
  journal: Pick<Journal, 'head' | 'eventsAfter' | 'lastSeqs'>;
  list: Pick<EventList, 'hasThread' | 'newestOfType' | 'deletedAt'>;
  hydrate: (workspaceId: string, body: JsonObject) => Promise<JsonObject>;
  /** Unix milliseconds. */
  now: () => number;
  onProblem: (message: string, error: unknown) => void;
  /** Bytes that all clients together may leave untaken. */
  untakenBytes?: number;
  /** The connections whose clients are gone without a word; by default what the system knows. */
  deadPeers?: () => Promise<ReadonlySet<string>>;
}

const TICK_MS = 1_000;
/** Each stream gets a ping in one of this many ticks. */
const PING_TICKS = 10;
const READS_AT_ONCE = 4;
/** One event may be some dozen megabytes, and is held for each client that has begun to take it. */
const UNTAKEN_BYTES = 256 * 1024 * 1024;

interface Held {
  feed: SessionFeed;
  /** Streams open or being opened. */
  holders: number;
  release: () => void;
}

export function createStreamHub(deps: StreamHubDeps): StreamHub {
  const { bus, journal, list, now, onProblem, untakenBytes = UNTAKEN_BYTES } = deps;
  const attention = createAttention({ bus, list, now });
  const reader = createFrameReader({ journal, hydrate: deps.hydrate, concurrency: READS_AT_ONCE });
  const feeds = new Map<string, Held>();
  const watchers = new Map<Watcher, { pingTick: number; sink: FrameSink }>();
  let ticks = 0;
  let checking = false;
  /** How often a check was asked for, and how many of these the last one answers. */
  let [asked, answered] = [0, 0];
  let draining = false;

  const onReadError = (error: unknown) => onProblem('A stream could not be read from the store.', error);

  function hold(sessionId: string): Held {
    const known = feeds.get(sessionId);
    if (known) {
      known.holders++;
      return known;
    }
    const feed = createSessionFeed({ sessionId, reader, onDeleted: check, onReadError });
    const unsubscribe = bus.subscribe(sessionId, feed.receive, check);
    const held: Held = {
      feed,
      holders: 1,
      release() {
        if (--held.holders > 0) return;
        unsubscribe();
        feed.end();
        if (feeds.get(sessionId) === held) feeds.delete(sessionId);
      },
    };
    feeds.set(sessionId, held);
    return held;
  }

  /** Looks whether a poke was lost: one query for all streams. */
  function check(): void {
    asked++;
    if (!checking) void checkNow();
  }

  async function checkNow(): Promise<void> {
    checking = true;
    while (answered < asked) {
      answered = asked;
      try {
        if (feeds.size > 0) await checkAll();
      } catch (error) {
        onProblem('The open streams could not be compared with the store.', error);
      }
    }
    checking = false;
  }

  async function checkAll(): Promise<void> {
    const watched = new Map(feeds);
    // Before the question, since the feeds read on meanwhile.
    const known = new Map([...watched].map(([id, { feed }]) => [id, feed.position]));
    const lastSeqs = await journal.lastSeqs([...watched.keys()]);
    const gone = [...watched.keys()].filter((id) => !lastSeqs.has(id));
    const deletedAt = gone.length > 0 ? await list.deletedAt(gone) : new Map<string, number>();
    for (const [sessionId, { feed }] of watched) {
      const seq = lastSeqs.get(sessionId);
      if (seq === undefined) feed.end(deletedFrame(sessionId, deletedAt.get(sessionId) ?? now()));
      else if (seq < (known.get(sessionId) ?? 0)) endPutBack(sessionId, feed);
      else feed.grew(seq);
    }
  }

  /** What was shown is not in the store any more: the database was put back. Clients find out what stands when they list again. */
  function endPutBack(sessionId: string, feed: SessionFeed): void {
    onProblem(
      `The journal of ${sessionId} ends before what its streams have shown; they are closed.`,
      new Error('the database was put back to an earlier state'),
    );
    feeds.delete(sessionId);
    feed.end();
  }

  /** Closes the streams on which most lies untaken, when it is too much together. Their clients go on behind their last event. */
  function shed(): void {
    const held = [...watchers.values()].map(({ sink }) => ({ sink, bytes: sink.backlog }));
    let total = held.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { sink, bytes } of held.sort((left, right) => right.bytes - left.bytes)) {
      if (total <= untakenBytes) return;
      sink.destroy();
      total -= bytes;
    }
  }

  async function reap(): Promise<void> {
    if (watchers.size === 0) return;
    const dead = await (deps.deadPeers ?? findDeadPeers)();
    for (const { sink } of watchers.values()) if (sink.peer !== null && dead.has(sink.peer)) sink.destroy();
  }

  const timer = setInterval(() => {
    ticks = (ticks + 1) % PING_TICKS;
    for (const [watcher, { pingTick }] of watchers) {
      if (pingTick === ticks) watcher.ping();
      watcher.pump();
    }
    shed();
    check();
    if (ticks === 0) {
      reap().catch((error: unknown) => onProblem('Dead clients could not be looked for.', error));
    }
  }, TICK_MS);
  timer.unref();

  async function open(
    { feed }: Held,
    head: SessionHead,
    request: StreamRequest,
  ): Promise<{ after: number; threadId: string }> {
    const { sessionId, lastEventId } = request;
    const threadId = request.threadId ?? head.threadId;
    if (threadId !== head.threadId && !(await list.hasThread(sessionId, threadId))) {
      throw new AppError('not_found', `Thread ${threadId} of session ${sessionId} was not found.`);
    }
    if (lastEventId !== null && lastEventId > head.lastSeq) {
      throw new AppError(
        'invalid_request',
        `Last-Event-ID: the session has no event ${lastEventId}; its last is ${head.lastSeq}. Open the stream without the header and list the events.`,
      );
    }
    const unseen = lastEventId === null ? await attention.unseenTurn(head) : null;
    feed.begin(head);
    return { after: lastEventId ?? unseen ?? head.lastSeq, threadId };
  }

  return {
    attention,
    get open() {
      return watchers.size;
    },
    async attach(request, openSink) {
      refuseWhileDraining();
      const { sessionId, workspaceId, requestId, previews } = request;
      const held = hold(sessionId);
      let sink: FrameSink | null = null;
      try {
        const head = await journal.head(sessionId);
        if (head?.workspaceId !== workspaceId) {
          throw new AppError('not_found', `Session ${sessionId} was not found.`);
        }
        const { after, threadId } = await open(held, head, request);
        refuseWhileDraining();
        sink = openSink();
        const watcher = createWatcher({
          session: held.feed,
          sink,
          requestId,
          threadId,
          after,
          previews,
          attachedAt: head.lastSeq,
          endAt: head.status === 'terminated' ? head.lastSeq : null,
          onTold: (seq) => attention.told(sessionId, seq),
          onReadError: (error) => {
            onReadError(error);
            if (isFinal(error)) watcher.fail(error);
          },
        });
        watchers.set(watcher, { sink, pingTick: watchers.size % PING_TICKS });
        sink.onClose(() => {
          watchers.delete(watcher);
          held.feed.remove(watcher);
          held.release();
        });
        held.feed.add(watcher);
      } catch (error) {
        if (!sink) held.release();
        throw error;
      }
    },
    drain() {
      draining = true;
      clearInterval(timer);
      attention.close();
      for (const watcher of watchers.keys()) watcher.end();
    },
  };

  function refuseWhileDraining(): void {
    if (draining)
      throw new AppError('unavailable', 'The server is being stopped. Try again.', { retryAfterMs: 1_000 });
  }
}
