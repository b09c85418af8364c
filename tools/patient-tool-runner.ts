import { setTimeout as delay } from 'node:timers/promises';
import { isAppError, type AppError, isStoreAway } from '../core/errors.ts';
import { failed } from './tool.ts';
import type { ToolCall, ToolResult, ToolRunner } from './tool-runner.ts';

/** Pauses between the attempts to get what a call needs, milliseconds. */
export interface Patience {
  /** For a sandbox: six seconds in all. */
  sandboxMs: readonly number[];
  /** For the database or the blob storage: two minutes in all. */
  storageMs: readonly number[];
}

const PATIENCE: Patience = {
  sandboxMs: [50, 100, 200, 400, 800, 1_600, 3_200],
  storageMs: [50, 100, 200, 400, ...Array.from({ length: 120 }, () => 1_000)],
};

/**
 * Runs calls by another runner, waits for what is away for a moment, and turns a sandbox that cannot be had into a result that the
 * model reads. The attempts are made here and not by a later attempt of the activity: a start may be repeated as one, since the sandbox
 * begins an id once, while a later attempt could only find the call abandoned. However often the activity itself begins anew, each of
 * its attempts has the whole patience.
 */
export function createPatientToolRunner(runner: ToolRunner, patience: Patience = PATIENCE): ToolRunner {
  return {
    async run(call, mode, signal) {
      let storageFailures = 0;
      let sandboxFailures = 0;
      let isBegun = mode === 'resume';
      for (;;) {
        let pauseMs: number | undefined;
        try {
          return await runner.run(call, mode, signal);
        } catch (error) {
          if (!isAppError(error)) throw error;
          if (isStoreAway(error)) {
            pauseMs = patience.storageMs[storageFailures++];
            if (pauseMs === undefined) throw error;
          } else if (error.code === 'sandbox_unavailable') {
            isBegun ||= error.details?.['begun'] === true;
            pauseMs = patience.sandboxMs[sandboxFailures++];
            if (pauseMs === undefined) return isBegun ? givenUp(runner, call, error) : neverBegun(error);
          } else {
            throw error;
          }
        }
        await delay(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    },
    kill: (call) => runner.kill(call),
  };
}

function neverBegun(error: AppError): ToolResult {
  return { ...failed(`The tool cannot be used now. ${error.message}`), unavailable: true };
}

/** A call that may run in a sandbox that does not answer: it is ended where that can be, and nobody knows how far it came. */
async function givenUp(runner: ToolRunner, call: ToolCall, error: AppError): Promise<ToolResult> {
  // The kill is noted before the sandbox is asked; one that does not answer hears of it when it is reached again.
  await runner.kill(call).catch(() => undefined);
  const text = `The outcome of this call is unknown: ${error.message} It may have run in part, in whole, or not at all. Check before you repeat it.`;
  return { ...failed(text), lost: true };
}
