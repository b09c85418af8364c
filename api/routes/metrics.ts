import type { Metrics } from '../../providers/telemetry/metrics.ts';
import type { OperatorCheck } from '../operator-check.ts';
import { defineStreamRoute, type Route } from '../route.ts';

/** What Prometheus reads of this process. It counts all workspaces together, so it is for operators. */
export function metricsRoutes(deps: {
  metrics: Pick<Metrics, 'text' | 'contentType'>;
  mayOperate: OperatorCheck;
}): Route[] {
  return [
    defineStreamRoute({
      method: 'GET',
      path: '/metrics',
      operationId: 'getMetrics',
      summary: 'Metrics of this process, for Prometheus',
      tag: 'Operators',
      rate: 'none',
      content: 'text/plain',
      handle: async ({ caller }, response) => {
        deps.mayOperate(caller);
        response.type(deps.metrics.contentType).send(await deps.metrics.text());
      },
    }),
  ];
}
