import { isAppError } from '../core/errors.ts';

/**
 * Runs an operator's command to its end. What goes wrong is said in one sentence, with what lies behind it, and with a trace only where
 * it is a defect; the process ends with 1.
 */
export async function operatorsCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    sayError(error);
    process.exitCode = 1;
  }
}

/** Says what went wrong. Files and folders that cannot be used are no defect. */
export function sayError(error: unknown): void {
  const isOfSystem = error instanceof Error && 'syscall' in error;
  const cause = isAppError(error) && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  console.error(isAppError(error) || isOfSystem ? error.message + cause : error);
}
