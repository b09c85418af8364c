import pino from 'pino';
import { expect, it } from 'vitest';
import { createInMemorySandboxDriver } from '../../providers/sandbox/in-memory.ts';
import type { SessionEnd } from '../../providers/store/leftovers.ts';
import { createSandboxReaper } from './sandbox-reaper.ts';

const log = pino({ level: 'silent' });

async function hostWith(...sessionIds: string[]) {
  const driver = createInMemorySandboxDriver();
  for (const sessionId of sessionIds) {
    await driver.ensure({ workspaceId: 'w', sessionId, environmentId: 'env' });
  }
  return driver;
}
const endings = (ends: Record<string, SessionEnd>) => {
  const asked: (readonly string[])[] = [];
  return {
    asked,
    archivedBefore: async (ids: readonly string[]) => ids.filter((id) => id.startsWith('old')),
    ended: async (ids: readonly string[]) => {
      asked.push(ids);
      return new Map(Object.entries(ends).filter(([id]) => ids.includes(id)));
    },
  };
};
const statesOf = async (driver: ReturnType<typeof createInMemorySandboxDriver>) =>
  Object.fromEntries((await driver.list()).map(({ sessionId, state }) => [sessionId, state]));

it('destroys sandboxes of deleted sessions, stops those of archived ones and leaves the others, with one question', async () => {
  const driver = await hostWith('living', 'archived', 'deleted', 'unknown');
  const leftovers = endings({ archived: 'archived', deleted: 'deleted' });
  await createSandboxReaper({ driver, leftovers, archivedMs: null, log }).reap();
  expect(await statesOf(driver)).toEqual({ living: 'running', archived: 'stopped', unknown: 'running' });
  expect(leftovers.asked).toHaveLength(1);
});

it('destroys those of sessions that were archived for longer than the settings say', async () => {
  const leftovers = endings({ archived: 'archived', old: 'archived' });
  const driver = await hostWith('living', 'archived', 'old');
  await createSandboxReaper({ driver, leftovers, archivedMs: null, log }).reap();
  expect(await statesOf(driver)).toEqual({ living: 'running', archived: 'stopped', old: 'stopped' });
  const counted: string[] = [];
  const removed = (what: string, count: number): void => void counted.push(`${count} ${what}`);
  await createSandboxReaper({ driver, leftovers, archivedMs: 1, removed, log }).reap();
  expect(await statesOf(driver)).toEqual({ living: 'running', archived: 'stopped' });
  expect(counted).toEqual(['1 sandboxes']);
});

it('goes on with the others when one cannot be ended', async () => {
  const driver = await hostWith('stuck', 'deleted');
  const reaper = createSandboxReaper({
    driver: {
      ...driver,
      destroy: async (id) => {
        if (id === 'stuck') throw new Error('busy');
        await driver.destroy(id);
      },
    },
    leftovers: endings({ stuck: 'deleted', deleted: 'deleted' }),
    archivedMs: null,
    log,
  });
  await reaper.reap();
  expect(await statesOf(driver)).toEqual({ stuck: 'running' });
});

it('asks nothing where there is no sandbox, and ends nothing while the store does not answer', async () => {
  const leftovers = endings({});
  await createSandboxReaper({ driver: await hostWith(), leftovers, archivedMs: null, log }).reap();
  expect(leftovers.asked).toEqual([]);
  const driver = await hostWith('one');
  const down = {
    archivedBefore: async () => [],
    ended: async () => {
      throw new Error('unavailable');
    },
  };
  await expect(
    createSandboxReaper({ driver, leftovers: down, archivedMs: null, log }).reap(),
  ).rejects.toThrow('unavailable');
  expect(await statesOf(driver)).toEqual({ one: 'running' });
});
