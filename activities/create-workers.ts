import type { DataConverter } from '@temporalio/common';
import { Worker, type NativeConnection, type WorkerOptions, type WorkerPlugin } from '@temporalio/worker';
import { controlQueue } from '../core/session/control-queue.ts';
import {
  createBrainActivities,
  createControlActivities,
  createHandlessActivities,
  createHandsActivities,
  type ActivityDependencies,
} from './index.ts';

/** Short steps of the store that run at once; the connections to the database bound them further. */
const CONTROL_STEPS = 50;
/** They are few, and each is soon done. */
const CONTROL_POLLS = 2;

/** The settings that shape a worker; parts of the configuration. */
export interface WorkerSettings {
  temporal: { namespace: string; task_queue: string; hands_task_queue: string | null };
  worker: {
    role: 'brain' | 'hands' | 'both';
    max_concurrent_activities: number;
    max_concurrent_workflow_tasks: number;
    max_cached_workflows: number;
    drain_seconds: number;
  };
}

/**
 * Makes the Temporal workers of a process: one for workflows and model calls, one for tools, or one for all where both use one queue; one for
 * the short steps of the store; and one for the calls of those sessions whose sandbox is on this host. They poll once `run()` is called.
 *
 * @param identity - name of this process in Temporal and in the store.
 * @param dataConverter - how values become what Temporal stores; its failure converter must be the one in the bundle.
 * @param plugins - what is added to the workers, such as tracing.
 */
export async function createWorkers(
  connection: NativeConnection,
  bundle: { codePath: string },
  deps: ActivityDependencies,
  settings: WorkerSettings,
  identity: string,
  dataConverter: DataConverter = {},
  plugins: WorkerPlugin[] = [],
): Promise<Worker[]> {
  const { temporal, worker } = settings;
  const { role } = worker;
  const taskQueue = temporal.task_queue;
  const shared: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace: temporal.namespace,
    identity,
    dataConverter,
    plugins,
    maxConcurrentActivityTaskExecutions: worker.max_concurrent_activities,
    shutdownGraceTime: worker.drain_seconds * 1_000,
    shutdownForceTime: worker.drain_seconds * 1_000 + 5_000,
    // The defaults (10 s, 60 s) would let a lost worker or an interrupt go unnoticed for as long.
    stickyQueueScheduleToStartTimeout: '1s',
    maxHeartbeatThrottleInterval: '5s',
    defaultHeartbeatThrottleInterval: '5s',
  };
  const brain: Partial<WorkerOptions> = {
    workflowBundle: bundle,
    maxConcurrentWorkflowTaskExecutions: worker.max_concurrent_workflow_tasks,
    maxCachedWorkflows: worker.max_cached_workflows,
  };
  const handsQueue = temporal.hands_task_queue ?? taskQueue;
  const hostQueue = deps.residence?.taskQueue ?? null;
  const workers: Worker[] = [];
  if (role !== 'hands') {
    const tools =
      role === 'both' && handsQueue === taskQueue ? createHandsActivities(deps) : createHandlessActivities();
    // The short steps too: a session that began under an earlier version may have them here.
    const activities = { ...createBrainActivities(deps), ...tools };
    workers.push(await Worker.create({ ...shared, ...brain, taskQueue, activities }));
    workers.push(
      await Worker.create({
        ...shared,
        taskQueue: controlQueue(taskQueue),
        activities: createControlActivities(deps),
        maxConcurrentActivityTaskExecutions: CONTROL_STEPS,
        maxConcurrentActivityTaskPolls: CONTROL_POLLS,
      }),
    );
  }
  if (role === 'brain') return workers;
  const queues = new Set<string>();
  if (hostQueue !== null) queues.add(hostQueue);
  // Hands of their own on the brain's queue would be given its work; where hosts are told apart, their own queues are enough.
  if (handsQueue !== taskQueue || (role === 'hands' && hostQueue === null)) queues.add(handsQueue);
  for (const queue of queues) {
    workers.push(
      await Worker.create({ ...shared, taskQueue: queue, activities: createHandsActivities(deps) }),
    );
  }
  return workers;
}
