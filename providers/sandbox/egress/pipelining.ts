import type { IncomingMessage, ServerResponse } from 'node:http';

/** Requests that a client sent behind one another without waiting; package managers send ten. */
const MOST = 16;

export interface Pipelining {
  /** A handler that serves the requests of one connection one after the other. A connection that sends too many ahead is ended. */
  inOrder(
    serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ): (request: IncomingMessage, response: ServerResponse) => void;
  /** Whether requests of a connection are being served. */
  isBusy(connection: object): boolean;
}

/**
 * Bounds what a client has under way on one connection. Node's server reads requests for as long as no answer waits to be taken, however
 * many are without one, and each would have a connection of its own to the outside.
 */
export function createPipelining(): Pipelining {
  const lines = new WeakMap<object, { waiting: number; last: Promise<void> }>();
  return {
    inOrder: (serve) => (request, response) => {
      const { socket } = request;
      const line = lines.get(socket) ?? { waiting: 0, last: Promise.resolve() };
      lines.set(socket, line);
      if (line.waiting >= MOST) {
        socket.destroy();
        return;
      }
      line.waiting++;
      line.last = line.last
        .then(() => (response.destroyed ? undefined : serve(request, response)))
        .catch(() => void response.destroy())
        .finally(() => {
          line.waiting--;
        });
    },
    isBusy: (connection) => (lines.get(connection)?.waiting ?? 0) > 0,
  };
}
