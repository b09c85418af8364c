import type { SessionFolder } from '../session-folder.ts';
import type { Identity } from '../identity.ts';
import type { Source } from './check-source.ts';

/**
 * What a session's sandbox is made of on the host, in the order of the path.
 *
 * @param service - the user id of the service.
 * @param hasDisk - its files lie on a disk of their own, whose folders are looked at when it is mounted.
 */
export function sessionSources(
  { files, paths }: Pick<SessionFolder, 'files' | 'paths'>,
  identity: Identity,
  service: number,
  hasDisk: boolean,
): Source[] {
  const keeper = identity.kind === 'single' ? service : identity.keeper;
  const agent = identity.kind === 'single' ? service : identity.agent;
  const folder = (path: string, isOwner: Source['isOwner']): Source => ({ path, type: 'folder', isOwner });
  const isKeeper = (uid: number): boolean => uid === keeper;
  // sandboxd hands these over when it starts for the first time.
  const isUser = (uid: number): boolean => uid === keeper || uid === agent;
  const outside = [
    folder(paths.uploads, (uid) => uid === service),
    folder(paths.claims, (uid) => uid === service),
    // As root, the proxy's own user has it.
    folder(paths.network, (uid) => identity.kind !== 'pair' || !isUser(uid)),
  ];
  if (hasDisk) return [folder(files, (uid) => uid === service), ...outside];
  return [
    folder(files, isKeeper),
    folder(paths.workspace, isUser),
    folder(paths.home, isUser),
    folder(paths.outputs, isUser),
    folder(paths.state, isKeeper),
    folder(paths.toolOutputs, isKeeper),
    ...outside,
  ];
}
