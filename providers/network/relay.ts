import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Joins two connections until both directions have ended, or one of them breaks, which ends both. Each direction reads only what the other
 * side takes, so that what is held of a connection is bounded by the buffers of its two ends. One end that has said all may go on
 * listening. Never rejects.
 *
 * @param between - what passes through where, when it is not simply passed on.
 */
export async function relay(
  near: Duplex,
  far: Duplex,
  between?: { outward: Duplex; inward: Duplex },
): Promise<void> {
  try {
    await Promise.all(
      between === undefined
        ? [pipeline(near, far), pipeline(far, near)]
        : [pipeline(near, between.outward, far), pipeline(far, between.inward, near)],
    );
  } catch {
    // Whichever end broke, there is nobody left to tell.
  } finally {
    near.destroy();
    far.destroy();
  }
}
