import { isAppError } from '../core/errors.ts';
import type { AttachedFile, Sandbox } from '../providers/sandbox/sandbox.ts';

/**
 * Attaches files. Those that the agent's own files are in the way of must not keep its tools from running: what is to be told of them is
 * returned.
 */
export async function attachWhatFits(
  sandbox: Sandbox,
  files: readonly AttachedFile[],
): Promise<string | null> {
  try {
    await sandbox.files.attach(files);
    return null;
  } catch (error) {
    if (!isAppError(error) || error.code !== 'invalid_request') throw error;
    return `[${error.message}]`;
  }
}
