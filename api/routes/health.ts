import { z } from 'zod';
import type { Readiness } from '../../providers/health/readiness.ts';
import { defineRoute, defineStreamRoute, type Route } from '../route.ts';

const Alive = z.object({ status: z.literal('ok') });

const ReadinessAnswer = z.object({
  status: z.enum(['ready', 'not_ready']),
  checks: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string().optional() })),
});

/** Routes for whoever watches this process: whether it is alive, and whether it can do its own work. */
export function healthRoutes(deps: { readiness: Readiness }): Route[] {
  const shared = { tag: 'Health', rate: 'none', access: 'public' } as const;
  const alive = (path: string, operationId: string) =>
    defineRoute({
      method: 'GET',
      path,
      operationId,
      summary: 'Whether the process is alive; it is to be started anew when this is not answered',
      ...shared,
      response: Alive,
      handle: () => ({ status: 'ok' as const }),
    });
  return [
    alive('/livez', 'getLiveness'),
    alive('/healthz', 'getHealth'),

    defineStreamRoute({
      method: 'GET',
      path: '/readyz',
      operationId: 'getReadiness',
      summary: 'Whether this process can serve requests now; 503 when not',
      ...shared,
      content: 'application/json',
      response: ReadinessAnswer,
      handle: async (_request, response) => {
        const { ready, checks } = await deps.readiness.report();
        response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not_ready', checks });
      },
    }),
  ];
}
