import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ConnectionLimiter } from './door/connection-limiter.ts';

/** A connection that has not sent its headers by then is closed. */
const HEADERS_MS = 15_000;
const CHECK_MS = 5_000;
/** How long a client that was refused may take to see that. */
const LINGER_MS = 1_000;

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
    if (request.headers.host === undefined && request.httpVersion === '1.1') {
      refuse(
        { status: '400 Bad Request', message: 'The Host header is missing.' },
        request.socket,
        newRequestId(),
      );
      return;
    }
    application(request, response);
  };
  const server = createServer(
    {
      headersTimeout: HEADERS_MS,
      // Bodies are watched by their pace, since a large upload may take long.
      requestTimeout: 0,
      // Node's own answer would have neither a body nor an id.
      requireHostHeader: false,
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
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET') socket.destroy();
    else refuse(refusalOf(error), socket, newRequestId());
  });
  // Node would close the connection without a word, and leaves it to whoever takes it.
  server.on('connect', ({ socket }) => {
    socket.on('error', () => socket.destroy());
    refuse(
      { status: '405 Method Not Allowed', message: 'CONNECT is not possible here.' },
      socket,
      newRequestId(),
    );
  });
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

interface Refusal {
  /** With its reason. */
  status: string;
  message: string;
}

function refusalOf({ code }: NodeJS.ErrnoException): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW')
    return { status: '431 Request Header Fields Too Large', message: 'The headers are too large.' };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { status: '408 Request Timeout', message: 'The request did not come in time.' };
  return { status: '400 Bad Request', message: 'This is not a valid HTTP request.' };
}

/** Answers what is no HTTP, or too much of it, before any application sees it. */
function refuse({ status, message }: Refusal, socket: Socket, id: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({
    type: 'error',
    error: { type: 'invalid_request_error', message },
    request_id: id,
  });
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\nrequest-id: ${id}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
