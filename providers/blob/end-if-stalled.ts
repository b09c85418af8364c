import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

/** Looks in the time after which an answer counts as stalled. */
const LOOKS = 5;

/**
 * Breaks an HTTP answer off with the error that `stalled` makes when nothing more of it comes for `stallMs`, though there is room for more.
 * While its reader is slow there is none, which may go on for as long as it likes.
 */
export function endIfStalled(body: IncomingMessage, stallMs: number, stalled: () => Error): Readable {
  let seen = -1;
  let quiet = 0;
  const timer = setInterval(() => {
    const { bytesRead } = body.socket;
    const isFull = body.readableLength >= body.readableHighWaterMark;
    quiet = isFull || bytesRead !== seen ? 0 : quiet + 1;
    seen = bytesRead;
    if (body.complete) clearInterval(timer);
    else if (quiet >= LOOKS) body.destroy(stalled());
  }, stallMs / LOOKS);
  timer.unref();
  body.once('close', () => clearInterval(timer));
  return body;
}
