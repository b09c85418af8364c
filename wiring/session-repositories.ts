import path from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { createPublicHosts } from '../providers/network/public-hosts.ts';
import { createGitSource } from '../providers/repository/git-source.ts';
import { placesOf } from '../providers/sandbox/places.ts';
import type { SessionStore } from '../providers/store/sessions.ts';
import { createRepositoryPlacer, type RepositoryPlacer } from '../tools/place-repositories.ts';
import { trustedCertificates } from '../providers/network/outbound-network.ts';
import { networkSettings } from './network.ts';

const FETCH_MS = 15 * 60_000;

/** What brings the repositories of sessions into their sandboxes: fetched on this host, by a user of its own where the service is root. */
export function sessionRepositories(
  config: Config,
  log: Logger,
  sessions: Pick<SessionStore, 'repositories'>,
): RepositoryPlacer {
  const { folder, uid_base: first, uid_count: count, limits, private_networks, github_url } = config.sandbox;
  const uid = process.getuid?.() ?? -1;
  const own = first + count;
  return createRepositoryPlacer({
    repositoriesOf: ({ workspaceId, sessionId }) => sessions.repositories(workspaceId, sessionId),
    source: createGitSource({
      folder: path.join(placesOf(folder ?? config.data_dir, uid).base, 'repositories'),
      user: uid === 0 ? { uid: own, gid: own } : undefined,
      origin: github_url,
      maxBytes: limits.workspace_bytes,
      timeoutMs: FETCH_MS,
      authorities: config.network.authorities === null ? null : trustedCertificates().join('\n'),
      hosts: createPublicHosts({ privateNetworks: private_networks, network: networkSettings(config) }),
      decided: (repository, decision) =>
        log.info(
          { repository, ...decision },
          decision.decision === 'refused' ? 'egress refused' : 'egress of a repository',
        ),
    }),
  });
}
