import { setTimeout as delay } from 'node:timers/promises';
import { isAppError } from '../core/errors.ts';
import { failed } from './tool.ts';
import type { ToolRunner } from './tool-runner.ts';

/** Pauses between the attempts to get a sandbox, milliseconds: six seconds in all. */
const PAUSES_MS = [50, 100, 200, 400, 800, 1_600, 3_200];

/**
 * Runs calls by another runner, and turns a sandbox that cannot be had into a result that the model reads, after some attempts. They are
 * made here and not by a later attempt of the activity, since a start that failed so has claimed nothing and may be repeated, while a
 * later attempt could only find the call abandoned.
 */
export function createPatientToolRunner(
  runner: ToolRunner,
  pausesMs: readonly number[] = PAUSES_MS,
): ToolRunner {
  return {
    async run(call, mode, signal) {
      for (let attempt = 0; ; attempt++) {
        try {
          return await runner.run(call, mode, signal);
        } catch (error) {
          if (!isAppError(error) || error.code !== 'sandbox_unavailable') throw error;
          const pauseMs = pausesMs[attempt];
          if (pauseMs === undefined) return failed(`The tool cannot be used now. ${error.message}`);
          await delay(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
        }
      }
    },
    kill: (call) => runner.kill(call),
  };
}
