import type { HostMarks } from '../providers/blob/host-marks.ts';
import { askedOnce } from '../providers/health/asked-once.ts';
import type { PartCheck } from '../providers/health/system-status.ts';
import type { SystemView } from '../providers/store/system-view.ts';

/** Storing one small blob is cheap; in S3 it is not free. */
const FRESH_MS = 5_000;
const ADVICE =
  'What one stores the other cannot read. Give all processes one place for blobs: blobs.kind: s3, or blobs.folder on a file system that they share.';

/**
 * Whether blobs can be stored, and whether the hosts of sandboxes store theirs where this process does. Where none does, files of users
 * reach no sandbox, so blobs are down; where only some do not, they are named, and sessions go to the others.
 *
 * @param timeoutMs - how long a host may be silent.
 */
export function blobsCheck(
  { view, marks }: { view: Pick<SystemView, 'hosts'>; marks: HostMarks },
  timeoutMs: number,
): PartCheck {
  return askedOnce(FRESH_MS, async () => {
    await marks.check();
    // A database that does not answer is another part's trouble.
    const hosts = await view.hosts().catch(() => []);
    const alive = hosts.filter(({ silentMs }) => silentMs < timeoutMs).map(({ id }) => id);
    const apart = await marks.missing(alive);
    if (apart.length === 0) return { state: 'ok' };
    return {
      state: apart.length < alive.length ? 'degraded' : 'down',
      detail: `Hosts that do not store their blobs where this process does: ${apart.join(', ')}. ${ADVICE}`,
    };
  });
}
