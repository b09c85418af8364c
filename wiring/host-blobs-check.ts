import type { ReadinessCheck } from '../api/routes/health.ts';
import type { Config } from '../config.ts';
import type { HostMarks } from '../providers/blob/host-marks.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import { createPostgresHosts } from '../providers/store/postgres/hosts.ts';

const FRESH_MS = 10_000;
const ADVICE =
  'What one stores the other cannot read. Give all processes one place for blobs: blobs.kind: s3, or blobs.folder on a file system that they share.';

/**
 * Whether the hosts of sandboxes store their blobs where this process does. Where none does, files of users reach no sandbox, so the service
 * is not ready; where only some do not, they are named, and sessions go to the others.
 */
export function hostBlobsCheck(parts: {
  config: Config;
  database: Database;
  marks: HostMarks;
}): ReadinessCheck {
  const { config, database, marks } = parts;
  const hosts = createPostgresHosts(database);
  let last: { at: number; answer: ReturnType<ReadinessCheck> } | null = null;

  async function look(): ReturnType<ReadinessCheck> {
    const alive = (await hosts.alive(config.sandbox.host_timeout_seconds * 1_000)).map(({ id }) => id);
    const apart = await marks.missing(alive);
    if (apart.length === 0) return { ok: true };
    const names = apart.join(', ');
    return {
      ok: apart.length < alive.length,
      detail: `Hosts that do not store their blobs where this process does: ${names}. ${ADVICE}`,
    };
  }

  return async () => {
    if (last !== null && Date.now() - last.at < FRESH_MS) return last.answer;
    const answer = look();
    const looked = { at: Date.now(), answer };
    last = looked;
    answer.catch(() => {
      if (last === looked) last = null;
    });
    return answer;
  };
}
