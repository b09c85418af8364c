import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';

/**
 * Resets a workflow to the workflow task before its last `activities` activities were scheduled, as an operator would. Signals of
 * afterwards are applied again.
 */
export async function temporalReset(client: Client, workflowId: string, activities: number): Promise<void> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const scheduled = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes);
  const target = scheduled.at(-activities)?.activityTaskScheduledEventAttributes;
  const workflowTaskFinishEventId = target?.workflowTaskCompletedEventId;
  if (!workflowTaskFinishEventId) throw new Error(`${workflowId} has fewer than ${activities} activities`);
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId },
    workflowTaskFinishEventId,
    requestId: randomUUID(),
    reason: 'a test',
  });
}
