import { createTranscript, type Transcript } from '../core/session/transcript.ts';
import type { TranscriptMessage } from '../core/session/content.ts';
import type { JsonObject } from '../core/json.ts';
import type { Journal } from '../providers/store/journal.ts';

/**
 * Keeps built transcripts of recent sessions, so that a step reads only what was journaled since the last one. Bounded by the size of
 * what it holds; the least recently used go first.
 */
export interface TranscriptCache {
  /** The messages that a step may read: the thread's events up to `through`. */
  messages(request: {
    sessionId: string;
    threadId: string;
    epoch: number;
    through: number;
    /** Puts an event's large strings back in place. */
    load: (body: JsonObject) => Promise<JsonObject>;
  }): Promise<readonly TranscriptMessage[]>;
}

interface Entry {
  transcript: Transcript;
  through: number;
  bytes: number;
  /** Held while an attempt extends it: a second one builds its own. */
  busy: boolean;
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

  return {
    async messages({ sessionId, threadId, epoch, through, load }) {
      const key = `${sessionId}/${threadId}/${epoch}`;
      const cached = entries.get(key);
      const usable = cached && !cached.busy && cached.through <= through;
      const entry = usable ? cached : { transcript: createTranscript(), through: 0, bytes: 0, busy: false };
      entry.busy = true;
      try {
        const events = await journal.eventsThrough(sessionId, threadId, entry.through, through);
        let bytes = 0;
        const loaded = [];
        for (const event of events) {
          const body = await load(event.body);
          bytes += JSON.stringify(body).length;
          loaded.push({ id: event.id, type: event.type, body, detail: event.detail });
        }
        entry.transcript.append(loaded);
        entry.through = through;
        held -= entries.get(key)?.bytes ?? 0;
        entry.bytes += bytes;
        entries.delete(key);
        entries.set(key, entry);
        held += entry.bytes;
        evict();
        return [...entry.transcript.messages];
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
