import type { StreamFrame } from './stream-frame.ts';

/**
 * The newest frames of a session, held for clients that lag a little; whoever lags more reads the store. Bounded in bytes, save that
 * the newest frame always stays until it is dropped.
 */
export interface RecentFrames {
  push(frame: StreamFrame): void;
  /** The frames from `seq` on; null when that one is no longer, or not yet, held. */
  from(seq: number): readonly StreamFrame[] | null;
  clear(): void;
}

export function createRecentFrames(maximumBytes: number): RecentFrames {
  let frames: StreamFrame[] = [];
  let bytes = 0;
  return {
    push(frame) {
      frames.push(frame);
      bytes += frame.bytes.length;
      let dropped = 0;
      for (const oldest of frames) {
        if (bytes <= maximumBytes || oldest === frame) break;
        bytes -= oldest.bytes.length;
        dropped++;
      }
      if (dropped > 0) frames = frames.slice(dropped);
    },
    from(seq) {
      const first = frames[0]?.seq;
      const last = frames.at(-1)?.seq;
      if (first === undefined || last === undefined || seq < first || seq > last) return null;
      return frames.slice(seq - first);
    },
    clear() {
      frames = [];
      bytes = 0;
    },
  };
}
