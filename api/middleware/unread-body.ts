import { finished } from 'node:stream';
import type { RequestHandler } from 'express';
import { watchPace } from '../read-body.ts';

/**
 * Holds a body that nobody read to the pace of the others. Its request was answered, but its connection stays open until the rest has
 * come, which would otherwise be for as long as the client likes, whoever it is.
 */
export function unreadBody(): RequestHandler {
  return (request, response, next) => {
    response.once('finish', () => {
      if (!request.complete) finished(request, watchPace(request));
    });
    next();
  };
}
