import type { JsonObject } from '../../core/json.ts';
import type { Journal, JournalEvent } from '../../providers/store/journal.ts';
import { toStreamFrame, type StreamFrame } from './stream-frame.ts';

/** Reads journaled events as frames. */
export interface FrameReader {
  /** The frames behind `after`, ascending, at most `limit`, and fewer where they are large. Rejects as the journal and the blob store do. */
  read(session: { id: string; workspaceId: string }, after: number, limit: number): Promise<StreamFrame[]>;
}

export interface FrameReaderDeps {
  journal: Pick<Journal, 'eventsAfter'>;
  /** Puts a body's large strings back in place. */
  hydrate: (workspaceId: string, body: JsonObject) => Promise<JsonObject>;
  /** Reads that may be under way at once: clients that lag must not use up the connections of everybody else. */
  concurrency: number;
}

/** Frames that are read at once take at most about this much. */
const PAGE_BYTES = 8 * 1024 * 1024;
/** Frames from this size on are shared by the clients that lag behind, as long as one of them holds it. */
const SHARED_BYTES = 64 * 1024;

export function createFrameReader({ journal, hydrate, concurrency }: FrameReaderDeps): FrameReader {
  let free = concurrency;
  const waiting: (() => void)[] = [];
  const shared = new Map<string, WeakRef<StreamFrame>>();
  const forgotten = new FinalizationRegistry<string>((id) => {
    if (!shared.get(id)?.deref()) shared.delete(id);
  });

  async function frameOf(workspaceId: string, event: JournalEvent & { seq: number }): Promise<StreamFrame> {
    const known = shared.get(event.id)?.deref();
    if (known) return known;
    const frame = toStreamFrame(event, await hydrate(workspaceId, event.body));
    if (frame.bytes.length >= SHARED_BYTES) {
      shared.set(event.id, new WeakRef(frame));
      forgotten.register(frame, event.id);
    }
    return frame;
  }

  return {
    async read({ id, workspaceId }, after, limit) {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        const events = await journal.eventsAfter(id, after, limit);
        const frames: StreamFrame[] = [];
        let bytes = 0;
        for (const event of events) {
          const { seq } = event;
          if (seq === null) continue;
          const frame = await frameOf(workspaceId, { ...event, seq });
          frames.push(frame);
          bytes += frame.bytes.length;
          if (bytes > PAGE_BYTES) break;
        }
        return frames;
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free++;
      }
    },
  };
}
