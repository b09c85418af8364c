import type { Config } from '../config.ts';
import { judgeBrains, judgeHands } from '../core/health/judge-workers.ts';
import { beyondLoopback } from '../config/checks.ts';
import { judgeSettings } from '../core/health/judge-settings.ts';
import { judgeDecoder } from '../core/health/judge-decoder.ts';
import { judgeQueue } from '../core/health/judge-queue.ts';
import type { PartReport } from '../core/health/part-report.ts';
import type { HostMarks } from '../providers/blob/host-marks.ts';
import type { Decoder } from '../providers/decoder/decoder.ts';
import { describeRoom } from '../providers/disk/disk-reserve.ts';
import { onStorageFault, type StorageFault } from '../providers/disk/storage-fault.ts';
import type { SessionEngine } from '../providers/engine/session-engine.ts';
import { createSystemStatus, type SystemStatus } from '../providers/health/system-status.ts';
import type { SystemView } from '../providers/store/system-view.ts';
import { commonSettings } from './common-settings.ts';
import { diskReserve } from './disk-reserve.ts';
import { blobsCheck } from './blobs-check.ts';
import { keyIsMissing } from './check-encryption-keys.ts';
import { READ_ONLY } from './database-check.ts';
import { temporalWarning } from './temporal-warning.ts';

/** A write that failed for want of room is shown for so long; one that fails again is shown on. */
const FAULT_MS = 60_000;

/** What `/status` shows: the service as a whole, as this process sees it. */
export function systemStatus(parts: {
  config: Config;
  view: SystemView;
  engine: Pick<SessionEngine, 'check'>;
  marks: HostMarks;
  decoder: Pick<Decoder, 'known'>;
}): SystemStatus {
  const { config, view, engine, decoder } = parts;
  const reserve = diskReserve(config);
  let fault: (StorageFault & { at: number }) | null = null;
  onStorageFault((newest) => {
    fault = { ...newest, at: Date.now() };
  });
  const common = commonSettings(config);
  const reach = beyondLoopback(config)[0]?.setting ?? null;
  const timeoutMs = config.sandbox.host_timeout_seconds * 1_000;
  return createSystemStatus({
    async database() {
      const { takesWrites } = await view.database();
      if (!takesWrites) return { state: 'down', detail: READ_ONLY };
      const key = await view.lastKey();
      if (key === null || config.encryption.keys.some(({ id }) => id === key)) return { state: 'ok' };
      return { state: 'degraded', detail: keyIsMissing(key) };
    },
    async temporal() {
      await engine.check();
      return { state: 'ok', ...temporalWarning(config) };
    },
    brains: async () => judgeBrains(await view.workers()),
    async hands() {
      const [workers, hosts] = await Promise.all([view.workers(), view.hosts()]);
      return judgeHands(workers, hosts, timeoutMs);
    },
    settings: async () => judgeSettings(await view.workers(), common, reach),
    queue: async () => judgeQueue(await view.queue()),
    blobs: blobsCheck(parts, timeoutMs),
    async disk(): Promise<PartReport> {
      const room = reserve.look();
      const figures = { free_bytes: room.freeBytes, reserve_bytes: room.reserveBytes };
      if (fault !== null && Date.now() - fault.at < FAULT_MS) {
        const detail = `A write of the ${fault.store} failed (${fault.reason}): its disk has no room, or takes no writes; ${describeRoom(room)}`;
        return { state: 'down', detail, figures };
      }
      const state = ({ ample: 'ok', low: 'degraded', reserve: 'down' } as const)[room.state];
      return { state, detail: describeRoom(room), figures };
    },
    decoder: async () => judgeDecoder(decoder.known()),
  });
}
