import type { Socket } from 'node:net';
import { finished } from 'node:stream';
import type { Request, RequestHandler, Response } from 'express';
import { SMALL_BODY, watchPace } from '../read-body.ts';
import { onHeaders } from './on-headers.ts';

/** How long a client that is still sending may take to see that it was answered. */
const LINGER_MS = 1_000;
/** What is taken in of a body that a known caller sends although it was answered, so that it gets to see the answer. */
const MAX_IGNORED_BYTES = 64 * 1_048_576;

/**
 * Decides what becomes of a body that nobody read. Its request was answered, but its connection stays open until the rest has come.
 * Of a caller who is known the rest is taken in, up to a limit and at the pace of other bodies. For anybody else the connection ends
 * with the answer, and no more of the body is read.
 */
export function unreadBody(): RequestHandler {
  return (request, response, next) => {
    let ends = false;
    onHeaders(response, () => {
      ends = !isLetIn(response) && bringsMore(request);
      if (!ends) return;
      response.setHeader('connection', 'close');
      closeGently(request.socket);
    });
    response.once('finish', () => {
      if (request.complete || ends) return;
      request.resume();
      finished(request, watchPace(request, MAX_IGNORED_BYTES));
    });
    next();
  };
}

/** Notes that a request's caller is known, whose body may therefore be read. */
export function letIn(response: Response): void {
  response.locals['letIn'] = true;
}

/** Tells a client that asked first (`Expect: 100-continue`) to send its body. Until then it sends nothing. */
export function inviteBody(request: Request, response: Response): void {
  if (/^100-continue$/i.test(request.headers.expect ?? '')) response.writeContinue();
}

/** Whether a request's caller is known. */
export function isLetIn(response: Response): boolean {
  return response.locals['letIn'] === true;
}

/** Whether more is to come of a body than fits beside the headers. */
function bringsMore(request: Request): boolean {
  if (request.complete) return false;
  const length = request.headers['content-length'];
  if (length === undefined) return request.headers['transfer-encoding'] !== undefined;
  return Number(length) > SMALL_BODY.bytes;
}

/**
 * Closing a connection on which unread bytes lie resets it, and the client may lose the answer. So our side ends first, nothing is read
 * any more, and the rest follows when the client had the time to see it.
 */
function closeGently(socket: Socket): void {
  // Node calls it when an answer that ends its connection is complete.
  socket.destroySoon = () => {
    socket.end();
    // Node goes on reading, to throw away what comes.
    setImmediate(() => socket.pause());
    setTimeout(() => socket.destroy(), LINGER_MS);
  };
}
