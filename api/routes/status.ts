import { z } from 'zod';
import type { PartReport } from '../../core/health/part-report.ts';
import type { SystemStatus } from '../../providers/health/system-status.ts';
import type { Caller } from '../access.ts';
import type { OperatorCheck } from '../operator-check.ts';
import { defineStreamRoute, type Route } from '../route.ts';

const State = z.enum(['ok', 'degraded', 'down']);

const StatusAnswer = z.object({
  status: State,
  parts: z.record(
    z.string(),
    z.object({
      state: State,
      detail: z.string().optional(),
      figures: z.record(z.string(), z.number()).optional(),
      hosts: z
        .array(
          z.object({ id: z.string(), driver: z.string(), state: z.enum(['ready', 'not_ready', 'lost']) }),
        )
        .optional(),
    }),
  ),
});

/** How the service as a whole does. Everybody is told which parts work; details are for operators, since they name machines and folders. */
export function statusRoutes(deps: { status: SystemStatus; mayOperate: OperatorCheck }): Route[] {
  return [
    defineStreamRoute({
      method: 'GET',
      path: '/status',
      operationId: 'getStatus',
      summary: 'How the service as a whole does; 503 when a part of it is down. Details are for operators',
      tag: 'Health',
      rate: 'none',
      access: 'optional',
      content: 'application/json',
      response: StatusAnswer,
      handle: async ({ caller }, response) => {
        const { status, parts } = await deps.status.report();
        response.status(status === 'down' ? 503 : 200).json({
          status,
          parts: isOperator(caller, deps.mayOperate) ? parts : withoutDetails(parts),
        });
      },
    }),
  ];
}

function isOperator(caller: Caller, mayOperate: OperatorCheck): boolean {
  if (caller.workspaceId === '') return false;
  try {
    mayOperate(caller);
    return true;
  } catch {
    return false;
  }
}

function withoutDetails(parts: Record<string, PartReport>): Record<string, PartReport> {
  return Object.fromEntries(Object.entries(parts).map(([name, { state }]) => [name, { state }]));
}
