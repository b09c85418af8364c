import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ConnectionLimiter } from './door/connection-limiter.ts';

/** A connection that has not sent its headers by then is closed. */
const HEADERS_MS = 15_000;
const CHECK_MS = 5_000;

/** The listening server. */
export interface HttpServer {
  /** The port that was asked for, or the one that the system picked. */
  port: number;
  /** Resolves when the server was stopped; rejects when it fails. */
  closed: Promise<void>;
  /** Takes nothing new; open requests may finish within `drainMs`. */
  stop(drainMs: number): void;
}

/**
 * Serves an application. What is no HTTP is answered here, with an id of its own. Rejects when the address cannot be listened on.
 *
 * @param limiter - told of each connection. Left out: there may be any number.
 * @param stopping - once it aborts, no connection is kept for a next request: clients and balancers open theirs elsewhere.
 */
export async function startHttpServer(
  application: RequestListener,
  address: { host: string; port: number },
  newRequestId: () => string,
  limiter?: Pick<ConnectionLimiter, 'opened'>,
  stopping?: AbortSignal,
): Promise<HttpServer> {
  const serve: RequestListener = (request, response) => {
    if (stopping?.aborted) response.shouldKeepAlive = false;
    application(request, response);
  };
  const server = createServer(
    {
      headersTimeout: HEADERS_MS,
      // Bodies are watched by their pace, since a large upload may take long.
      requestTimeout: 0,
      connectionsCheckingInterval: CHECK_MS,
      // Longer than any balancer keeps a connection that rests (Google: 600 s), since a request must not meet one that is just being closed.
      keepAliveTimeout: 620_000,
    },
    serve,
  );
  // Whoever asks first whether to send its body is told so by the application, once it knows who that is.
  server.on('checkContinue', serve);
  // Node would refuse any other expectation by itself, and then read what comes without end.
  server.on('checkExpectation', serve);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    refuse(error, socket, newRequestId()),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  const closed = new Promise<void>((resolve, reject) => {
    server.once('close', resolve);
    server.once('error', reject);
  });
  const connections = new Set<Socket>();
  let isClosing = false;
  server.on('connection', (socket) => {
    connections.add(socket);
    limiter?.opened(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    response.once('finish', () => {
      // Otherwise it would be kept for the client's next request.
      if (isClosing) socket.end();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    closed,
    stop(drainMs) {
      isClosing = true;
      server.close();
      // Clients open connections ahead of their requests. Node takes one on which nothing came for busy, and would wait for it.
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
      setTimeout(() => server.closeAllConnections(), drainMs).unref();
    },
  };
}

/** Answers what is no HTTP, or too much of it, before any application sees it. */
function refuse(error: NodeJS.ErrnoException, socket: Socket, id: string): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'The headers are too large.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'The request did not come in time.']
        : ['400 Bad Request', 'This is not a valid HTTP request.'];
  const body = JSON.stringify({
    type: 'error',
    error: { type: 'invalid_request_error', message },
    request_id: id,
  });
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\nrequest-id: ${id}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
