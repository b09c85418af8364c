import { describeHands, type HandsReport } from '../hands.ts';
import type { CommonSettings } from './common-settings.ts';
import type { HostReport, PartReport } from './part-report.ts';

/** What a worker is there for; null where it did not say. */
export type WorkerRole = 'brain' | 'hands' | 'both' | null;

/** A worker process that lives. */
export interface WorkerSeen {
  /** The machine that it runs on. */
  machine: string;
  role: WorkerRole;
  /** The host of sandboxes that it is part of; null without sandboxes. */
  sandboxHost: string | null;
  hands: HandsReport | null;
  /** Null where it did not say. */
  common: CommonSettings | null;
}

/** A host of sandboxes that once registered. */
export interface HostSeen {
  id: string;
  driver: string;
  /** As it last said itself. */
  ready: boolean;
  /** Since its last heartbeat. */
  silentMs: number;
}

/** A host that is gone for longer was taken away on purpose, or nobody misses it: it is named, and nothing is degraded for it. */
export const MISSED_MS = 10 * 60_000;

/** Whether somebody runs workflows and asks models. */
export function judgeBrains(workers: readonly WorkerSeen[]): PartReport {
  const running = workers.filter(({ role }) => role !== 'hands').length;
  const figures = { running };
  if (running > 0) return { state: 'ok', detail: `${running} running.`, figures };
  return {
    state: 'down',
    detail: 'No worker with a brain is running: messages are accepted, and wait for one.',
    figures,
  };
}

/**
 * Whether somebody runs tools.
 *
 * @param timeoutMs - how long a host may be silent before its sessions go on elsewhere.
 */
export function judgeHands(
  workers: readonly WorkerSeen[],
  hosts: readonly HostSeen[],
  timeoutMs: number,
): PartReport {
  const hands = workers.filter((worker) => worker.role !== 'brain');
  const reports = hosts.map((host): HostReport & { silentMs: number } => ({
    id: host.id,
    driver: host.driver,
    state: stateOf(host, hands, timeoutMs),
    silentMs: host.silentMs,
  }));
  const missed = reports.filter(({ state, silentMs }) => state === 'lost' && silentMs < MISSED_MS);
  const ready = hands.filter(canStart).length;
  const figures = {
    running: hands.length,
    ready,
    hosts_ready: reports.filter(({ state }) => state === 'ready').length,
    hosts_not_ready: reports.filter(({ state }) => state === 'not_ready').length,
    hosts_lost: reports.filter(({ state }) => state === 'lost').length,
  };
  const found = {
    figures,
    hosts: reports.map(({ silentMs: _silentMs, ...report }) => report),
  };
  if (hands.length === 0)
    return {
      state: 'down',
      detail: 'No worker with hands is running: calls of tools wait for one.',
      ...found,
    };
  const told = describeHands(hands.map((worker) => ({ host: worker.machine, hands: worker.hands })));
  const gone =
    missed.length === 0 ? '' : ` | no worker runs on the host ${missed.map(({ id }) => id).join(', ')}`;
  const detail = `${told}${gone}`;
  if (hands.every((worker) => worker.hands?.driver === 'none')) return { state: 'ok', detail, ...found };
  if (ready === 0) {
    // Whoever just started has not found out yet.
    const isKnown = hands.every((worker) => worker.hands !== null);
    return { state: isKnown ? 'down' : 'degraded', detail, ...found };
  }
  const isWhole = missed.length === 0 && figures.hosts_not_ready === 0 && ready === hands.length;
  return { state: isWhole ? 'ok' : 'degraded', detail, ...found };
}

function canStart({ hands }: WorkerSeen): boolean {
  return hands !== null && hands.ok && hands.driver !== 'none';
}

function stateOf(host: HostSeen, hands: readonly WorkerSeen[], timeoutMs: number): HostReport['state'] {
  const here = hands.filter(({ sandboxHost }) => sandboxHost === host.id);
  // Workers of earlier versions do not say to which host they belong; then its heartbeat has to do.
  const untold = hands.some(({ role, sandboxHost }) => role === null && sandboxHost === null);
  if (here.length === 0 && !(untold && host.silentMs < timeoutMs)) return 'lost';
  const isReady = host.ready && (here.length === 0 || here.some(canStart));
  return isReady ? 'ready' : 'not_ready';
}
