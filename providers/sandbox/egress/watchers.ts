import type { Writable } from 'node:stream';

/** Those who are told of decisions, a line each. */
export interface Watchers {
  readonly size: number;
  /** Until its stream closes. */
  add(stream: Writable): void;
  tell(line: string): void;
}

/** Whoever has not taken so much is told nothing more until it has. */
const BACKLOG_BYTES = 1024 * 1024;

/**
 * Tells watchers what is decided. One that is stopped costs no more memory than the backlog, however much a session asks for: it is told
 * afterwards how many lines it missed.
 */
export function createWatchers(backlogBytes = BACKLOG_BYTES): Watchers {
  const missed = new Map<Writable, number>();

  function confess(stream: Writable): void {
    const lines = missed.get(stream) ?? 0;
    if (lines === 0) return;
    missed.set(stream, 0);
    stream.write(`${JSON.stringify({ time: new Date().toISOString(), missed: lines })}\n`);
  }

  return {
    get size() {
      return missed.size;
    },
    add(stream) {
      missed.set(stream, 0);
      stream.on('drain', () => confess(stream));
      stream.once('close', () => missed.delete(stream));
    },
    tell(line) {
      for (const [stream, lines] of missed) {
        if (lines > 0 || stream.writableLength > backlogBytes) missed.set(stream, lines + 1);
        else stream.write(line);
      }
    },
  };
}
