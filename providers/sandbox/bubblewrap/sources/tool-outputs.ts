import { chownSync, lstatSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import type { Identity } from '../identity.ts';
import type { SessionFolder } from '../session-folder.ts';
import { checkSource, type Source } from './check-source.ts';

/**
 * Makes the folder of long results where it is missing. Sandboxes that were made before it had a place of its own have it below the state,
 * where commands may have put anything in its place: it is taken over if it is a folder still. Called while nothing of the sandbox runs.
 *
 * Throws `sandbox_unavailable` when something else lies there.
 *
 * @param service - the user id of the service.
 */
export function makeToolOutputs(
  { path: root, files, paths: { state, toolOutputs } }: Pick<SessionFolder, 'path' | 'files' | 'paths'>,
  identity: Identity,
  service: number,
): void {
  const keeper = identity.kind === 'single' ? service : identity.keeper;
  const folder = (path: string): Source => ({ path, type: 'folder', isOwner: (uid) => uid === keeper });
  checkSource(root, folder(files));
  if (lstatSync(toolOutputs, { throwIfNoEntry: false }) !== undefined) return;
  const old = join(state, 'outputs');
  checkSource(root, folder(state));
  if (lstatSync(old, { throwIfNoEntry: false }) !== undefined) {
    checkSource(root, folder(old));
    renameSync(old, toolOutputs);
    return;
  }
  mkdirSync(toolOutputs, { mode: 0o755 });
  if (keeper !== service) chownSync(toolOutputs, keeper, keeper);
}
