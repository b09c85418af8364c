import type { Response } from 'express';
import { peerKey } from './dead-peers.ts';

/** Where one client's frames go. */
export interface FrameSink {
  /** Does nothing after the end. */
  write(bytes: Buffer): void;
  /** Bytes that were written and that the client's connection has not taken yet. */
  readonly backlog: number;
  /** The connection's name, as `findDeadPeers` gives it; null when there is none. */
  readonly peer: string | null;
  /** Calls back each time the backlog has emptied after it was large. */
  onDrain(callback: () => void): void;
  /** Calls back once, when the connection is closed, whoever closed it. */
  onClose(callback: () => void): void;
  /** Closes the connection behind what was written. */
  end(): void;
  /** Closes it at once; what was written may be lost. */
  destroy(): void;
}

/** Starts an event stream on a response and sends its headers at once. */
export function openFrameSink(response: Response): FrameSink {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    // Proxies that buffer answers are asked not to.
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  response.socket?.setNoDelay(true);
  response.socket?.setKeepAlive(true, 10_000);
  // A broken connection is an ordinary end, which `close` tells of.
  response.on('error', () => undefined);
  return {
    write(bytes) {
      if (!response.writableEnded && !response.destroyed) response.write(bytes);
    },
    get backlog() {
      return response.writableLength;
    },
    get peer() {
      return response.socket && peerKey(response.socket);
    },
    onDrain(callback) {
      response.on('drain', callback);
    },
    onClose(callback) {
      if (response.closed || response.destroyed) queueMicrotask(callback);
      else response.once('close', callback);
    },
    end() {
      response.end();
    },
    destroy() {
      response.destroy();
    },
  };
}
