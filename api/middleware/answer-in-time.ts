import type { RequestHandler } from 'express';
import { isLetIn } from './unread-body.ts';

/** How long somebody who is not known may take to take an answer: enough for the console's largest part on a slow line. */
const PATIENCE_MS = 120_000;

/**
 * Ends the connection of somebody who is not known and has not taken an answer whole by then, however steadily drops of it are taken:
 * until the end, what is answered lies in memory, and its file is open.
 */
export function answerInTime(patienceMs = PATIENCE_MS): RequestHandler {
  return (request, response, next) => {
    const timer = setTimeout(() => {
      if (!isLetIn(response)) request.socket.destroy();
    }, patienceMs).unref();
    response.once('finish', () => clearTimeout(timer));
    next();
  };
}
