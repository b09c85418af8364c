import { machineMark, type HostMarks } from '../providers/blob/host-marks.ts';
import { askedOnce } from '../providers/health/asked-once.ts';
import type { PartCheck } from '../providers/health/system-status.ts';
import type { SystemView } from '../providers/store/system-view.ts';

/** Storing one small blob is cheap; in S3 it is not free. */
const FRESH_MS = 5_000;
const ADVICE =
  'What one stores the other cannot read. Give all processes one place for blobs: blobs.kind: s3, or blobs.folder on a file system that they share.';

/**
 * Whether blobs can be stored, and whether the hosts of sandboxes, and the workers without any, store theirs where this process does. Where none
 * does, files of users reach no sandbox, so blobs are down; where only some do not, they are named.
 *
 * @param timeoutMs - how long a host may be silent.
 */
export function blobsCheck(
  { view, marks }: { view: Pick<SystemView, 'hosts' | 'workers'>; marks: HostMarks },
  timeoutMs: number,
): PartCheck {
  return askedOnce(FRESH_MS, async () => {
    await marks.check();
    // A database that does not answer is another part's trouble.
    const hosts = await view.hosts().catch(() => []);
    const workers = await view.workers().catch(() => []);
    const alive = new Map([
      ...hosts
        .filter(({ silentMs }) => silentMs < timeoutMs)
        .map(({ id }) => [id, `the host ${id}`] as const),
      // Workers of versions that do not say what must be alike leave no mark either.
      ...workers
        .filter(({ sandboxHost, common }) => sandboxHost === null && common !== null)
        .map(({ machine }) => [machineMark(machine), `a worker on ${machine}`] as const),
    ]);
    const apart = await marks.missing([...alive.keys()]);
    if (apart.length === 0) return { state: 'ok' };
    const names = apart.map((id) => alive.get(id) ?? id).join(', ');
    return {
      state: apart.length < alive.size ? 'degraded' : 'down',
      detail: `These do not store their blobs where this process does: ${names}. ${ADVICE}`,
    };
  });
}
