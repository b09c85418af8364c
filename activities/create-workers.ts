import { Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { createBrainActivities, createHandsActivities, type ActivityDependencies } from './index.ts';

export interface WorkerSettings {
  role: 'brain' | 'hands' | 'both';
  namespace: string;
  taskQueue: string;
  /** Null: the hands share the brain's queue. */
  handsTaskQueue: string | null;
  maxConcurrentActivities: number;
  maxConcurrentWorkflowTasks: number;
  maxCachedWorkflows: number;
  drainSeconds: number;
  /** Name of this process in Temporal and in the store. */
  identity: string;
}

/**
 * Makes the Temporal workers of a process: one for workflows and model calls, one for tools, or one for all where both use one queue.
 * They poll once `run()` is called.
 */
export async function createWorkers(
  connection: NativeConnection,
  bundle: { codePath: string },
  deps: ActivityDependencies,
  settings: WorkerSettings,
): Promise<Worker[]> {
  const { role, taskQueue, handsTaskQueue } = settings;
  const shared: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace: settings.namespace,
    identity: settings.identity,
    maxConcurrentActivityTaskExecutions: settings.maxConcurrentActivities,
    shutdownGraceTime: settings.drainSeconds * 1_000,
    shutdownForceTime: settings.drainSeconds * 1_000 + 5_000,
    // The defaults (10 s, 60 s) would let a lost worker or an interrupt go unnoticed for as long. Design section 7.
    stickyQueueScheduleToStartTimeout: '1s',
    maxHeartbeatThrottleInterval: '5s',
    defaultHeartbeatThrottleInterval: '5s',
  };
  const brain: Partial<WorkerOptions> = {
    workflowBundle: bundle,
    maxConcurrentWorkflowTaskExecutions: settings.maxConcurrentWorkflowTasks,
    maxCachedWorkflows: settings.maxCachedWorkflows,
  };
  const queue = handsTaskQueue ?? taskQueue;
  if (role === 'both' && queue === taskQueue) {
    const activities = { ...createBrainActivities(deps), ...createHandsActivities(deps) };
    return [await Worker.create({ ...shared, ...brain, taskQueue, activities })];
  }
  const workers: Worker[] = [];
  if (role !== 'hands') {
    workers.push(
      await Worker.create({ ...shared, ...brain, taskQueue, activities: createBrainActivities(deps) }),
    );
  }
  if (role !== 'brain') {
    workers.push(
      await Worker.create({ ...shared, taskQueue: queue, activities: createHandsActivities(deps) }),
    );
  }
  return workers;
}
