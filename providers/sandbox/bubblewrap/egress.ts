import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { signalQuietly } from '../../../sandboxd/processes.ts';
import type { NetworkSettings } from '../../network/proxy-route.ts';
import { createEgressHost } from '../egress/egress-host.ts';
import type { EgressSession } from '../egress/main.ts';
import type { Places } from '../places.ts';
import { isNoteAlive } from '../running-note.ts';
import type { RuntimeFiles } from '../runtime-files.ts';
import type { Cgroups, GroupLimits } from './cgroups.ts';
import { inGroups } from './enter-groups.ts';
import type { IdRegistry } from './id-registry.ts';
import type { Identity } from './identity.ts';
import { outdatedEgress } from './outdated-egress.ts';
import type { SessionFolder } from './session-folder.ts';

/**
 * What the process may take for all sessions of the host. Measured, a connection whose client takes nothing holds 200 KiB, and a session
 * has 512, beside 90 MB of the process itself: nine sessions that hold all they can fit. One thread does the work.
 */
const LIMITS: GroupLimits = { memoryBytes: 1024 ** 3, processes: 64, cpus: 1 };

export interface BubblewrapEgressDeps {
  places: Places;
  /** Where root finds a user for the process; undefined: it runs as the service. */
  registry: IdRegistry | undefined;
  cgroups: Cgroups;
  /** The name of the process's own control group. */
  group: string;
  runtime(): RuntimeFiles;
  exceptions: string[];
  network: NetworkSettings;
  folders(): [sessionId: string, folder: SessionFolder][];
  log(message: string, details?: Record<string, string | number>): void;
}

/** The network of this driver's sandboxes. */
export interface BubblewrapEgress {
  open(sessionId: string, folder: SessionFolder, identity: Identity): Promise<void>;
  close(sessionId: string, folder: SessionFolder): Promise<void>;
  /** Ends the host's process; no sandbox runs any more. */
  end(): Promise<void>;
  release(): void;
}

export function createBubblewrapEgress(deps: BubblewrapEgressDeps): BubblewrapEgress {
  const { places, registry } = deps;
  const ownFolder = join(places.base, 'egress');
  let user: Promise<number> | undefined;
  const userOf = (ids: IdRegistry): Promise<number> => {
    mkdirSync(ownFolder, { recursive: true, mode: 0o700 });
    user ??= ids.claim(ownFolder);
    return user;
  };
  /** Sessions whose sandbox is being started: a proxy that starts meanwhile must know them too. */
  const opening = new Set<string>();
  const runs = (sessionId: string, folder: SessionFolder): boolean => {
    const note = folder.running();
    if (note === undefined || !isNoteAlive(note)) return opening.has(sessionId);
    opening.delete(sessionId);
    return true;
  };
  const sessionOf = (folder: SessionFolder): EgressSession | undefined => {
    const policy = folder.network();
    if (policy === undefined || policy.mode === 'none') return undefined;
    return { policy, socket: folder.egressSocket };
  };

  const mainOf = ({ egress }: RuntimeFiles): string => join(egress, 'main.cjs');
  function groupFiles(): string[] {
    try {
      return deps.cgroups.create(deps.group, LIMITS);
    } catch (error) {
      deps.log('the egress proxy runs without a control group', { reason: String(error) });
      return [];
    }
  }
  const host = createEgressHost({
    sockets: places.sockets,
    logFile: join(places.base, 'egress.log'),
    async command() {
      const program = [deps.runtime().node, mainOf(deps.runtime())];
      if (registry === undefined) return inGroups(groupFiles(), program);
      const uid = await userOf(registry);
      return inGroups(groupFiles(), [
        'setpriv',
        `--reuid=${uid}`,
        `--regid=${uid}`,
        '--clear-groups',
        '--inh-caps=-all',
        '--no-new-privs',
        '--',
        ...program,
      ]);
    },
    endOutdated() {
      for (const pid of outdatedEgress(join(places.base, 'runtime'), mainOf(deps.runtime())))
        signalQuietly(pid, 'SIGKILL');
    },
    settings: { exceptions: deps.exceptions },
    network: deps.network,
    sessions: () =>
      deps.folders().flatMap(([sessionId, folder]): [string, EgressSession][] => {
        const session = runs(sessionId, folder) ? sessionOf(folder) : undefined;
        return session === undefined ? [] : [[sessionId, session]];
      }),
    log: deps.log,
  });

  return {
    async open(sessionId, folder, identity) {
      const session = sessionOf(folder);
      if (session === undefined) return;
      opening.add(sessionId);
      const { network } = folder.paths;
      if (registry !== undefined && identity.kind === 'pair') {
        // The proxy makes the socket here, and the group that new files take over lets this one sandbox use it.
        chownSync(network, await userOf(registry), identity.keeper);
        chmodSync(network, 0o2750);
      } else {
        chmodSync(network, 0o700);
      }
      await host.register(sessionId, session);
    },
    async close(sessionId, folder) {
      opening.delete(sessionId);
      if (sessionOf(folder) !== undefined) await host.unregister(sessionId);
    },
    end: () => host.end(),
    release: () => host.close(),
  };
}
