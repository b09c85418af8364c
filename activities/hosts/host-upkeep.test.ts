import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { openHostFolder } from '../../providers/host/host-folder.ts';
import { createInMemoryHosts } from '../../providers/store/in-memory/hosts.ts';
import { createHostUpkeep, type HostUpkeep } from './host-upkeep.ts';

const TIMEOUT = 600;

describe('the upkeep of a host', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'host-upkeep-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const folder = openHostFolder(root);
  const { hosts } = createInMemoryHosts(Date.now);
  const upkeepOf = (holder: string): HostUpkeep =>
    createHostUpkeep({
      holder,
      hosts,
      folder,
      residence: { evict: async () => undefined },
      sharedBlobs: { check: async () => undefined, agreed: true },
      leftovers: { ended: async () => new Map() },
      timeoutMs: TIMEOUT,
      metrics: { hostsLost: () => undefined },
      log: pino({ level: 'silent' }),
      describe: () => ({
        id: folder.id,
        taskQueue: 'q',
        driver: 'd',
        isolation: 'none',
        ready: true,
        capacity: null,
      }),
    });
  const redirect = async (): Promise<void> => undefined;

  it('does not begin where another holder is heard of, ends where one took it, and lets go when it stops', async () => {
    const first = upkeepOf('one');
    await first.start(redirect);
    await expect(upkeepOf('two').start(redirect)).rejects.toMatchObject({
      code: 'bad_config',
      message: expect.stringContaining(folder.id),
    });
    await first.stop();
    expect((await hosts.hold(folder.id))?.holder).toBeNull();

    const second = upkeepOf('two');
    await second.start(redirect);
    expect(await hosts.takeHold(folder.id, 'three', 'two')).toBe(true);
    await expect(second.taken).rejects.toThrow(/was taken by a worker of another machine or container/);
    await second.stop();
    expect((await hosts.hold(folder.id))?.holder).toBe('three');
  });
});
