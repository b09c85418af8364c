import { expect, it } from 'vitest';
import { nameKey, type CommonSettings } from './common-settings.ts';
import { judgeSettings } from './judge-settings.ts';
import type { WorkerSeen } from './judge-workers.ts';

const [one, two] = [nameKey('one', 'aa'), nameKey('two', 'bb')];
const own: CommonSettings = {
  namespace: 'default',
  taskQueue: 'ours',
  handsTaskQueue: 'ours',
  blobs: 'folder',
  keys: [one],
};
const worker = (common: Partial<CommonSettings> = {}, seen: Partial<WorkerSeen> = {}): WorkerSeen => ({
  machine: 'm',
  role: 'both',
  sandboxHost: null,
  hands: null,
  common: { ...own, ...common },
  ...seen,
});
const local = { driver: 'unsafe_local', ok: true, limits: [] };

it.each([
  ['none', [], 'ok'],
  ['all alike', [worker(), worker()], 'ok'],
  ['one of a version that says nothing', [worker({}, { common: null })], 'ok'],
  ['the only one polls another queue', [worker({ taskQueue: 'other' })], 'down'],
  ['one of two is in another namespace', [worker(), worker({ namespace: 'other' })], 'degraded'],
  ['calls go where no hands look', [worker({ handsTaskQueue: 'hands' })], 'down'],
  ['hands have other blobs', [worker(), worker({ blobs: 's3 b/' }, { role: 'hands' })], 'degraded'],
  ['it writes with a key that is not here', [worker({ keys: [two, one] })], 'down'],
  ['it has no keys', [worker({ keys: [] })], 'down'],
  ['its key of that name is another', [worker({ keys: [nameKey('one', 'cc')] })], 'down'],
  ['a key is being introduced there', [worker({ keys: [one, two] })], 'ok'],
  ['nothing is isolated, for this machine only', [worker({}, { hands: local })], 'ok'],
] as const)('settings of workers, %s', (_, workers, state) => {
  expect(judgeSettings(workers, own, null).state).toBe(state);
});

it('settings of workers, a key is being put in front here, where all know it', () => {
  const here = { ...own, keys: [two, one] };
  expect(judgeSettings([worker({ keys: [one, two] })], here, null).state).toBe('ok');
});

it('say which setting differs, where, and how', () => {
  const { detail } = judgeSettings([worker({ taskQueue: 'other', keys: [] })], own, null);
  expect(detail).toContain('The worker on m: temporal.task_queue is "other" there and "ours" here.');
  expect(detail).toContain('with the key "one" of encryption.keys cannot be read there.');
  expect(detail).not.toContain('aa');
});

it('do not allow sandboxes without isolation behind an api for clients from elsewhere', () => {
  const found = judgeSettings([worker({}, { hands: local })], own, 'api.host');
  expect(found).toMatchObject({ state: 'down', detail: expect.stringContaining('api.host') });
});
