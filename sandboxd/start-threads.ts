import { stat } from 'node:fs/promises';

/**
 * Starts the threads that node does file work on. It makes them at the first need, and aborts when it cannot: at that moment the commands
 * of the sandbox may have taken every process that its user is allowed.
 */
export async function startThreads(): Promise<void> {
  await stat('/');
}
