import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { logContext } from '../../providers/telemetry/log-context.ts';
import { requestIdOf } from './request-id.ts';

/** Logs one line per request, when its answer is done. Neither headers nor bodies nor query values are logged. */
export function requestLog(log: Logger): RequestHandler {
  return (request, response, next) => {
    const started = performance.now();
    // The line is written outside of the request's own work, and says what was learnt on the way.
    const known = logContext();
    response.once('close', () => {
      log.info(
        {
          ...known,
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
