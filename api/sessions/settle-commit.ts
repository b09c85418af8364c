import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError, isStoreAway } from '../../core/errors.ts';

const PATIENCE_MS = 5_000;
const PAUSE_MS = 100;

/**
 * Runs a transaction, and finds out what became of it when the database went away in the middle of its commit: otherwise a client that
 * repeats the request would do it twice. `stands` looks for what the transaction wrote: null when it is not there. While the database
 * stays away for some seconds the error stands.
 */
export async function settleCommit<Result>(
  transaction: () => Promise<Result>,
  stands: () => Promise<Result | null>,
): Promise<Result> {
  try {
    return await transaction();
  } catch (error) {
    if (!isAppError(error) || error.code !== 'commit_unknown') throw error;
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = await stands().catch((failure: unknown) => {
        if (isStoreAway(failure)) return undefined;
        throw failure;
      });
      if (found === null) {
        // The first commit may still be under way. Then this one waits for it, and fails because it stands.
        return transaction().catch(async (failure: unknown) => (await stands()) ?? Promise.reject(failure));
      }
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
