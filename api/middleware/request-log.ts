import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { requestIdOf } from './request-id.ts';

/** Logs one line per request, when its answer is done. Neither headers nor bodies nor query values are logged. */
export function requestLog(log: Logger): RequestHandler {
  return (request, response, next) => {
    const started = performance.now();
    response.once('close', () => {
      log.info(
        {
          request_id: requestIdOf(response),
          method: request.method,
          path: request.path,
          status: response.statusCode,
          finished: response.writableFinished,
          ms: Math.round(performance.now() - started),
        },
        'request',
      );
    });
    next();
  };
}
