import { AppError } from '../../../core/errors.ts';
import type { Identity } from './identity.ts';
import { DESCRIPTORS, launch } from './launch.ts';
import { STRICTEST, type SystemFiles } from './system-files.ts';
import type { TopFolder } from './arguments.ts';

export interface EmptyRequest {
  identity: Identity;
  folder: string;
  logFile: string;
  system: SystemFiles;
  topFolders: readonly TopFolder[];
}

/**
 * Removes what a sandbox left. The tree is the agent's: it may hold links to anywhere and folders of another user, so the removal runs
 * in a sandbox of its own that sees nothing else, as the owner of both users' files.
 */
export async function emptyFiles({
  identity,
  folder,
  logFile,
  system,
  topFolders,
}: EmptyRequest): Promise<void> {
  const words = ['--ro-bind', '/usr', '/usr'];
  for (const top of topFolders) {
    words.push(
      ...(top.link === undefined
        ? ['--ro-bind', `/${top.name}`, `/${top.name}`]
        : ['--symlink', top.link, `/${top.name}`]),
    );
  }
  words.push(
    '--bind',
    folder,
    '/files',
    '--unshare-user',
    '--unshare-pid',
    '--unshare-net',
    '--unshare-ipc',
    '--as-pid-1',
  );
  words.push(
    '--uid',
    '0',
    '--gid',
    '0',
    '--cap-drop',
    'ALL',
    '--cap-add',
    'CAP_DAC_OVERRIDE',
    '--cap-add',
    'CAP_FOWNER',
  );
  words.push('--info-fd', String(DESCRIPTORS.info), '--seccomp', String(DESCRIPTORS.seccomp));
  if (identity.kind !== 'single') words.push('--userns-block-fd', String(DESCRIPTORS.block));
  words.push('--', 'find', '/files', '-mindepth', '1', '-delete');
  const { exited } = await launch({
    identity,
    words,
    socket: null,
    seccompFile: system.seccomp(STRICTEST),
    logFile,
    cgroupFiles: [],
  });
  const code = await exited;
  if (code !== 0)
    throw new AppError(
      'sandbox_unavailable',
      `The files in ${folder} cannot be removed (exit ${code}); see ${logFile}`,
    );
}
