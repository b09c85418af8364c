import {
  createTranscript,
  type Transcript,
  type TranscriptEvent,
  type TranscriptView,
} from '../core/session/transcript.ts';
import type { JsonObject } from '../core/json.ts';
import type { Journal, JournalEvent } from '../providers/store/journal.ts';

/**
 * Keeps built transcripts of recent sessions, so that a step reads only what was journaled since the last one, and the last event that
 * it knows: where that is another one by now, the database was put back to an earlier state and went on from there, and the transcript is
 * built anew. Bounded by the size of what it holds; the least recently used go first.
 */
export interface TranscriptCache {
  /** What a step may read: the thread's events up to `through`, those before the last compaction as its summary. */
  read(request: {
    sessionId: string;
    threadId: string;
    epoch: number;
    through: number;
    /** Puts an event's large strings back in place. */
    load: (body: JsonObject) => Promise<JsonObject>;
  }): Promise<TranscriptView>;
}

interface Entry {
  transcript: Transcript;
  through: number;
  /** The last event it was built from. */
  last: { seq: number; id: string } | null;
  bytes: number;
  /** Held while an attempt extends it: a second one builds its own. */
  busy: boolean;
}

function newEntry(): Entry {
  return { transcript: createTranscript(), through: 0, last: null, bytes: 0, busy: false };
}

/** @param maximumBytes - how much journal text the cached transcripts may come from. */
export function createTranscriptCache(journal: Journal, maximumBytes: number): TranscriptCache {
  const entries = new Map<string, Entry>();
  let held = 0;

  function evict(): void {
    for (const [key, entry] of entries) {
      if (held <= maximumBytes) return;
      entries.delete(key);
      held -= entry.bytes;
    }
  }

  /** The `seq` behind which a new transcript begins: the last compaction's summary stands for what was before it. */
  async function startOf(sessionId: string, threadId: string, through: number): Promise<number> {
    const compaction = await journal.lastCompaction(sessionId, threadId, through);
    return compaction === null ? 0 : compaction.keptFrom - 1;
  }

  /** What a transcript lacks. Null when the journal is not the one that it was built from. */
  async function eventsBehind(
    { through: known, last }: Pick<Entry, 'through' | 'last'>,
    sessionId: string,
    threadId: string,
    through: number,
  ): Promise<JournalEvent[] | null> {
    if (last === null) return journal.eventsThrough(sessionId, threadId, known, through);
    const [first, ...events] = await journal.eventsThrough(sessionId, threadId, last.seq - 1, through);
    return first?.id === last.id ? events : null;
  }

  return {
    async read({ sessionId, threadId, epoch, through, load }) {
      const key = `${sessionId}/${threadId}/${epoch}`;
      const cached = entries.get(key);
      let entry = newEntry();
      let events: JournalEvent[] | null = null;
      if (cached && !cached.busy && cached.through <= through) {
        cached.busy = true;
        try {
          events = await eventsBehind(cached, sessionId, threadId, through);
        } finally {
          cached.busy = false;
        }
        if (events !== null) entry = cached;
      }
      entry.busy = true;
      try {
        if (events === null) {
          entry.through = await startOf(sessionId, threadId, through);
          events = await journal.eventsThrough(sessionId, threadId, entry.through, through);
        }
        let bytes = 0;
        const loaded: TranscriptEvent[] = [];
        for (const { id, seq, type, body: stored, detail } of events) {
          const body = await load(stored);
          bytes += JSON.stringify(body).length;
          loaded.push({ id, seq: seq ?? 0, type, body, detail });
        }
        entry.transcript.append(loaded);
        entry.through = through;
        const newest = loaded.at(-1);
        if (newest) entry.last = { seq: newest.seq, id: newest.id };
        const view = entry.transcript.view();
        held -= entries.get(key)?.bytes ?? 0;
        entry.bytes += bytes;
        if (loaded.some(({ type }) => type === 'agent.thread_context_compacted')) {
          entry.bytes = JSON.stringify(view.messages).length;
        }
        entries.delete(key);
        entries.set(key, entry);
        held += entry.bytes;
        evict();
        return view;
      } catch (error) {
        // A half-extended transcript must not be used again.
        if (entries.get(key) === entry) {
          entries.delete(key);
          held -= entry.bytes;
        }
        throw error;
      } finally {
        entry.busy = false;
      }
    },
  };
}
