import type { RequestHandler, Response } from 'express';
import type { Metrics } from '../../providers/telemetry/metrics.ts';

const UNKNOWN = 'none';
/** Methods that have names of their own in metrics and traces; anybody may send any other word. */
export const METHODS = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS']);

/**
 * Times every request until its answer is complete; an event stream, which goes on for hours, until its headers are sent.
 */
export function requestMetrics(metrics: Pick<Metrics, 'request'>): RequestHandler {
  return (request, response, next) => {
    const started = performance.now();
    let headersSent: number | null = null;
    const writeHead = response.writeHead.bind(response) as (...rest: unknown[]) => Response;
    response.writeHead = (...rest: unknown[]) => {
      headersSent = performance.now();
      return writeHead(...rest);
    };
    response.once('close', () => {
      const isStream = String(response.getHeader('content-type')).startsWith('text/event-stream');
      const ended = isStream && headersSent !== null ? headersSent : performance.now();
      metrics.request({
        method: METHODS.has(request.method) ? request.method : 'other',
        route: routeOf(response),
        status: response.statusCode,
        seconds: (ended - started) / 1_000,
      });
    });
    next();
  };
}

/** Notes which route answers, for the metrics. */
export function nameRoute(response: Response, path: string): void {
  response.locals['route'] = path;
}

/** The route that answers; `none` before one is found. */
export function routeOf(response: Response): string {
  const route: unknown = response.locals['route'];
  return typeof route === 'string' ? route : UNKNOWN;
}
