import { expect, it } from 'vitest';
import type { HandsReport } from '../hands.ts';
import { judgeBrains, judgeHands, type HostSeen, type WorkerSeen } from './judge-workers.ts';

const good: HandsReport = { driver: 'bubblewrap', ok: true, limits: [] };
const broken: HandsReport = { driver: 'bubblewrap', ok: false, limits: [], why: 'No bwrap.' };
const worker = (seen: Partial<WorkerSeen> = {}): WorkerSeen => ({
  machine: 'm',
  role: 'both',
  sandboxHost: 'h1',
  hands: good,
  common: null,
  ...seen,
});
const brain = worker({ role: 'brain', sandboxHost: null, hands: null });
const host = (id: string, seen: Partial<HostSeen> = {}): HostSeen => ({
  id,
  driver: 'bubblewrap',
  ready: true,
  silentMs: 1_000,
  ...seen,
});
const TIMEOUT_MS = 45_000;

it.each([
  ['no worker', [], 'down'],
  ['hands alone', [worker({ role: 'hands' })], 'down'],
  ['one', [brain], 'ok'],
  ['one of a version that says nothing of itself', [worker({ role: null })], 'ok'],
])('brains, %s', (_, workers, state) => {
  expect(judgeBrains(workers).state).toBe(state);
});

it.each([
  ['no worker, though the host was heard a moment ago', [], [host('h1')], 'down'],
  ['brains alone', [brain], [host('h1')], 'down'],
  ['none that can start a sandbox', [worker({ hands: broken })], [host('h1')], 'down'],
  ['one that has not found out', [worker({ hands: null })], [host('h1')], 'degraded'],
  ['one of two hosts without a worker', [worker()], [host('h1'), host('h2')], 'degraded'],
  [
    'one of two that cannot start any',
    [worker(), worker({ sandboxHost: 'h2', hands: broken })],
    [host('h1'), host('h2')],
    'degraded',
  ],
  [
    'a host that was taken away long ago',
    [worker()],
    [host('h1'), host('h2', { silentMs: 3_600_000 })],
    'ok',
  ],
  [
    'off by the settings',
    [worker({ sandboxHost: null, hands: { driver: 'none', ok: true, limits: [] } })],
    [],
    'ok',
  ],
  ['an earlier version', [worker({ role: null, sandboxHost: null })], [host('h1')], 'ok'],
  ['all well', [brain, worker(), worker({ sandboxHost: 'h2' })], [host('h1'), host('h2')], 'ok'],
] as const)('hands, %s', (_, workers, hosts, state) => {
  expect(judgeHands(workers, hosts, TIMEOUT_MS).state).toBe(state);
});

it('names hosts without a worker', () => {
  const report = judgeHands([worker()], [host('h1'), host('h2')], TIMEOUT_MS);
  expect(report).toMatchObject({
    detail: 'm: bubblewrap. | no worker runs on the host h2',
    figures: { running: 1, ready: 1, hosts_ready: 1, hosts_not_ready: 0, hosts_lost: 1 },
    hosts: [
      { id: 'h1', driver: 'bubblewrap', state: 'ready' },
      { id: 'h2', driver: 'bubblewrap', state: 'lost' },
    ],
  });
});
