import { z } from 'zod';
import type { ShownThread } from '../agent/agent-types.ts';
import { AgentDefinition } from './agent.ts';
import { pageQuery } from './page.ts';
import { queryList } from './query.ts';
import { SESSION_STATUSES, Usage } from './session.ts';
import { Timestamp } from './time.ts';

const Status = z.enum(SESSION_STATUSES);

export const ThreadListQuery = z.object({
  ...pageQuery(1_000, 1_000),
  statuses: queryList(Status, 4).optional(),
});

/** A thread of a session as the API shows it. */
export const Thread = z
  .object({
    id: z.string(),
    type: z.literal('session_thread'),
    session_id: z.string(),
    agent: z.object(AgentDefinition),
    parent_thread_id: z.string().nullable(),
    status: Status,
    stats: z
      .object({ active_seconds: z.number(), duration_seconds: z.number(), startup_seconds: z.number() })
      .nullable(),
    usage: Usage.nullable(),
    workflow_run_id: z.null(),
    created_at: Timestamp,
    updated_at: Timestamp,
    archived_at: Timestamp.nullable(),
  })
  .meta({ id: 'SessionThread' }) satisfies z.ZodType<ShownThread>;
