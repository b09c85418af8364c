import type Anthropic from '@anthropic-ai/sdk';
import { APIError } from '@anthropic-ai/sdk';
import { problemText } from '../service/problem-text.ts';
import type { SessionEvent, StreamEvent } from '../service/wire.ts';
import { createBatch } from './batch.ts';
import { appendToLog, EMPTY_LOG, prependToLog, type FeedLog } from './feed-log.ts';
import { readFrames } from './read-frames.ts';

const PAGE = 500;
const SILENCE_MS = 25_000;
const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 5_000;
/** New events are shown this often at most. */
const SHOW_EVERY_MS = 60;

export type Connection =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'reconnecting'; attempt: number }
  | { state: 'ended' }
  | { state: 'failed'; message: string };

export interface FeedSnapshot extends FeedLog {
  connection: Connection;
  /** Whether the log's beginning is there. */
  isWhole: boolean;
  /** The log has been read at least once. */
  isLoaded: boolean;
}

/** A session's log, kept up to date until it is closed. */
export interface SessionFeed {
  subscribe(listener: () => void): () => void;
  snapshot(): FeedSnapshot;
  /** Loads the page before the oldest event. Resolves when it is there; at once when all is. */
  loadOlder(): Promise<void>;
  /** Shows what the service answered to a sent event, before the stream brings it. */
  add(events: readonly SessionEvent[]): void;
  close(): void;
}

/**
 * Follows a session: opens the stream, then lists what came before, and goes on from the last event seen whenever the stream breaks. A
 * connection that is silent for longer than the service ever is counts as broken.
 */
export function createSessionFeed(client: Anthropic, sessionId: string): SessionFeed {
  const closed = new AbortController();
  const known = new Set<string>();
  const listeners = new Set<() => void>();
  let current: FeedSnapshot = {
    ...EMPTY_LOG,
    connection: { state: 'connecting' },
    isWhole: false,
    isLoaded: false,
  };
  let lastSeq: string | null = null;
  let olderPage: string | null = null;
  let loadingOlder: Promise<void> | null = null;
  let wake: () => void = () => undefined;

  function show(change: Partial<FeedSnapshot>): void {
    current = { ...current, ...change };
    for (const listener of listeners) listener();
  }
  const batch = createBatch<StreamEvent>(SHOW_EVERY_MS, (events) =>
    show(appendToLog(current, events, known)),
  );

  const list = (page: string | null) =>
    client.beta.sessions.events.list(
      sessionId,
      { order: 'desc', limit: PAGE, ...(page !== null && { page }) },
      { signal: closed.signal },
    );

  /** Reads from the log's end back to what is known; without anything known, one page. */
  async function catchUp(): Promise<void> {
    const missing: SessionEvent[] = [];
    const isFirst = !current.isLoaded;
    let page: string | null = null;
    for (;;) {
      const { data, next_page: next } = await list(page);
      const meets = data.some((event) => known.has(event.id));
      missing.push(...data);
      page = next;
      if (isFirst) olderPage = next;
      if (isFirst || meets || page === null) break;
    }
    show({
      ...appendToLog(current, missing.toReversed(), known),
      isLoaded: true,
      ...(isFirst && { isWhole: olderPage === null }),
    });
  }

  async function follow(): Promise<'ended' | 'broken'> {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    closed.signal.addEventListener('abort', stop);
    let watch = setTimeout(stop, SILENCE_MS);
    const pending: StreamEvent[] = [];
    let isCaughtUp = false;
    try {
      const headers = lastSeq === null ? {} : { 'Last-Event-ID': lastSeq };
      const response = await client.beta.sessions.events
        .stream(
          sessionId,
          { event_deltas: ['agent.message', 'agent.thinking'] },
          { headers, signal: attempt.signal, maxRetries: 0 },
        )
        .asResponse();
      const listed = (lastSeq === null ? catchUp() : Promise.resolve()).then(() => {
        isCaughtUp = true;
        show({ connection: { state: 'live' } });
        batch.add(pending);
      });
      listed.catch(stop);
      for await (const { seq, event } of readFrames(response)) {
        clearTimeout(watch);
        watch = setTimeout(stop, SILENCE_MS);
        if (event !== null) {
          if (isCaughtUp) batch.add([event]);
          else pending.push(event);
        }
        // Until the list is there, a break must begin anew, or what lies before this frame would be missed.
        if (isCaughtUp && seq !== null) lastSeq = seq;
        if (event?.type === 'session.deleted') return 'ended';
      }
      await listed;
      batch.flush();
      return current.events.at(-1)?.type === 'session.status_terminated' ? 'ended' : 'broken';
    } finally {
      clearTimeout(watch);
      closed.signal.removeEventListener('abort', stop);
      batch.flush();
    }
  }

  async function run(): Promise<void> {
    let attempt = 0;
    while (!closed.signal.aborted) {
      const before = current.connection;
      try {
        if ((await follow()) === 'ended') return show({ connection: { state: 'ended' } });
      } catch (error) {
        if (closed.signal.aborted) return;
        if (isFinal(error)) return show({ connection: { state: 'failed', message: problemText(error) } });
      }
      attempt = before.state !== 'live' && current.connection.state === 'live' ? 1 : attempt + 1;
      show({ connection: { state: 'reconnecting', attempt }, previews: [], thinking: [] });
      await pause(Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2));
    }
  }

  function pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
  const onOnline = () => wake();
  window.addEventListener('online', onOnline);
  void run();

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    snapshot: () => current,
    loadOlder() {
      loadingOlder ??= (async () => {
        if (current.isWhole || !current.isLoaded) return;
        const { data, next_page: next } = await list(olderPage);
        olderPage = next;
        // Before the page is shown, since whoever sees it may ask for the next one at once.
        loadingOlder = null;
        show({ ...prependToLog(current, data, known), isWhole: next === null });
      })().finally(() => {
        loadingOlder = null;
      });
      return loadingOlder;
    },
    add: (events) => batch.add(events),
    close() {
      window.removeEventListener('online', onOnline);
      closed.abort();
      batch.close();
      wake();
    },
  };
}

/** What another attempt would be told again. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof APIError) || error.status === undefined) return false;
  return error.status >= 400 && error.status < 500 && ![408, 409, 429].includes(error.status);
}
