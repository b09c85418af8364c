import type { Logger } from 'pino';
import type { HostMarks } from '../../providers/blob/host-marks.ts';
import type { HostStore } from '../../providers/store/hosts.ts';

/** How often the marks are renewed and looked for. */
const PERIOD_MS = 60_000;

export interface SharedBlobsDeps {
  hostId: string;
  hosts: Pick<HostStore, 'alive'>;
  marks: HostMarks;
  timeoutMs: number;
  now: () => number;
  log: Logger;
}

/** Sees to it that hosts which do not store their blobs in one place are noticed. */
export interface SharedBlobs {
  /**
   * Leaves this host's mark and looks for those of the others, once a minute however often it is called. What is wrong goes to the log each
   * time. Rejects with `unavailable`.
   */
  check(): Promise<void>;
  /** False: the host that was registered first stores its blobs elsewhere, so this one should get no sessions. */
  readonly agreed: boolean;
}

export function createSharedBlobs(deps: SharedBlobsDeps): SharedBlobs {
  const { hostId, hosts, marks, log, now } = deps;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let agreed = true;
  return {
    get agreed() {
      return agreed;
    },
    async check() {
      if (now() - checkedAt < PERIOD_MS) return;
      await marks.leave(hostId);
      const alive = (await hosts.alive(deps.timeoutMs)).map(({ id }) => id);
      const apart = await marks.missing(alive.filter((id) => id !== hostId));
      agreed = alive[0] === undefined || !apart.includes(alive[0]);
      checkedAt = now();
      if (apart.length > 0)
        log.error({ host: hostId, hosts: apart, takes_sessions: agreed }, BLOBS_ARE_APART);
    },
  };
}

const BLOBS_ARE_APART =
  'this host does not store its blobs where other hosts do: what one saves the other cannot read. Give all of them one place (blobs.kind: s3, or blobs.folder on a file system that they share) and start them again';
