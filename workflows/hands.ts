import {
  ActivityFailure,
  ApplicationFailure,
  proxyActivities,
  sleep,
  TimeoutFailure,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { HandsQueue } from '../activities/dependencies.ts';
import type { Activities } from '../activities/index.ts';
import type { StepReport } from '../activities/report.ts';
import { bookkeeping, KILL, TOOL_CALL } from './activity-options.ts';

/** A kill waits longer for a host that comes back than a call does: nobody waits for it. */
const KILL_PATIENCE = '2m';
/** Between two tries that found the call on the wrong host. */
const PAUSE = '1s';

/** Sends a session's tool calls to the host that has its sandbox. */
export interface Hands {
  /** Where they go now; null: to the queue of all hands. Carried from run to run. */
  readonly queue: HandsQueue | null;
  /** A step was told where the session's sandbox is. */
  learn(queue: HandsQueue | null): void;
  /**
   * Runs a call. When nobody takes it on its host in time, or the sandbox turns out to be elsewhere, the store is asked where it is now,
   * and the call goes there: it was never begun, or its step row tells the next attempt that it was.
   */
  runTool(input: Parameters<Activities['runTool']>[0], summary: string): Promise<StepReport>;
  kill(input: Parameters<Activities['kill']>[0], summary: string): Promise<null>;
}

export function createHands(input: {
  sessionId: string;
  /** The queue of all hands; null: the workflow's own. */
  handsTaskQueue: string | null;
  hands: HandsQueue | null;
}): Hands {
  const brain = proxyActivities<Activities>(bookkeeping());
  const shared = input.handsTaskQueue === null ? {} : { taskQueue: input.handsTaskQueue };
  let queue = input.hands;

  function withQueue(options: ActivityOptions, patience: (queue: HandsQueue) => string | number) {
    const there =
      queue === null ? shared : { taskQueue: queue.taskQueue, scheduleToStartTimeout: patience(queue) };
    return proxyActivities<Activities>({ ...options, ...(there as ActivityOptions) });
  }

  return {
    get queue() {
      return queue;
    },
    learn(learned) {
      queue = learned;
    },
    async runTool(call, summary) {
      for (let tries = 0; ; tries++) {
        const tool = withQueue(TOOL_CALL, ({ patienceMs }) => patienceMs);
        try {
          return await tool.runTool.executeWithOptions({ summary }, [call]);
        } catch (error) {
          const miss = missOf(error);
          if (miss === null) throw error;
          if (miss === 'wrong_host' && tries > 0) await sleep(PAUSE);
          const asked = { summary: 'find the sandbox' };
          queue = await brain.placeSession.executeWithOptions(asked, [{ sessionId: input.sessionId }]);
        }
      }
    },
    kill(call, summary) {
      return withQueue(KILL, () => KILL_PATIENCE).kill.executeWithOptions({ summary }, [call]);
    },
  };
}

/** Why a call was not run where it was sent; null when it was, or failed otherwise. */
function missOf(error: unknown): 'nobody' | 'wrong_host' | null {
  if (!(error instanceof ActivityFailure)) return null;
  const { cause } = error;
  if (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START') return 'nobody';
  return cause instanceof ApplicationFailure && cause.type === 'wrong_host' ? 'wrong_host' : null;
}
