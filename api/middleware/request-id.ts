import type { RequestHandler, Response } from 'express';
import { withLogContext } from '../../providers/telemetry/log-context.ts';

/** That wait for the end of one answer. */
const LISTENERS = 50;

/** Gives every request an id, and every answer the header with it. */
export function requestId(newRequestId: () => string): RequestHandler {
  return (_request, response, next) => {
    const id = newRequestId();
    // Each part of the service that looks at requests waits for their end, and Node warns of more than ten.
    response.setMaxListeners(LISTENERS);
    response.locals['requestId'] = id;
    response.setHeader('request-id', id);
    withLogContext({ request_id: id }, next);
  };
}

export function requestIdOf(response: Response): string {
  return String(response.locals['requestId']);
}
