import type { RequestHandler, Response } from 'express';
import { withLogContext } from '../../providers/telemetry/log-context.ts';

/** Gives every request an id, and every answer the header with it. */
export function requestId(newRequestId: () => string): RequestHandler {
  return (_request, response, next) => {
    const id = newRequestId();
    response.locals['requestId'] = id;
    response.setHeader('request-id', id);
    withLogContext({ request_id: id }, next);
  };
}

export function requestIdOf(response: Response): string {
  return String(response.locals['requestId']);
}
