import path from 'node:path';
import { removeUnused } from '../host/unused-folders.ts';

/** A runtime, a half-made one, or one that is being removed. */
const RUNTIME = /^decoder-[0-9a-f]{16}(?:\.[\w.-]+)?$/;
/** What nobody has noted for so long is of a version that no longer runs here. */
const UNUSED_MS = 7 * 24 * 3_600_000;

/**
 * Removes the runtimes of other versions that no process has noted to use for a week.
 *
 * @param base - as for `prepareDecoderRuntime`.
 * @param current - the folder that stays in any case.
 */
export function removeUnusedRuntimes(base: string, current: string): void {
  removeUnused(path.join(base, 'runtime'), { fits: RUNTIME, current, unusedMs: UNUSED_MS });
}
