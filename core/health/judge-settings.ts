import { differences, type CommonSettings } from './common-settings.ts';
import type { WorkerSeen } from './judge-workers.ts';
import type { PartReport } from './part-report.ts';

/**
 * Whether the workers that run have settings with which they and this process can work together.
 *
 * @param own - those of this process.
 * @param reach - the setting by which clients from beyond this machine come to it; null: none.
 */
export function judgeSettings(
  workers: readonly WorkerSeen[],
  own: CommonSettings,
  reach: string | null,
): PartReport {
  const told = workers.map((worker) => ({ worker, faults: faultsOf(worker, own) }));
  const details = new Set(
    told.flatMap(({ worker, faults }) => faults.map((fault) => `The worker on ${worker.machine}: ${fault}.`)),
  );
  const isUseful = ({ worker, faults }: (typeof told)[number]): boolean =>
    worker.role !== 'hands' && faults.length === 0;
  const brains = told.filter(({ worker }) => worker.role !== 'hands');
  const isOpen = reach !== null && workers.some(({ hands }) => hands?.driver === 'unsafe_local');
  if (isOpen) {
    details.add(
      `Workers have sandbox.driver unsafe_local, which isolates nothing, and this api is for clients from elsewhere (${reach}).`,
    );
  }
  if (details.size === 0) return { state: 'ok' };
  const isDown = isOpen || (brains.length > 0 && !brains.some(isUseful));
  return { state: isDown ? 'down' : 'degraded', detail: [...details].join(' ') };
}

function faultsOf({ common }: WorkerSeen, own: CommonSettings): string[] {
  return common === null ? [] : differences(own, common);
}
