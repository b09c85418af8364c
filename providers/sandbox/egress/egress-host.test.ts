import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { NO_NETWORK_SETTINGS } from '../../network/proxy-route.ts';
import { createEgressHost } from './egress-host.ts';

describe('the egress process of a host', () => {
  const sockets = mkdtempSync(join(tmpdir(), 'egress-'));
  const logFile = join(sockets, 'egress.log');
  afterAll(() => rmSync(sockets, { recursive: true }));
  const session = { policy: { mode: 'unrestricted' as const }, socket: join(sockets, 'session.sock') };

  function hostOf(command: string[], said: string[] = []) {
    return createEgressHost({
      sockets,
      logFile,
      command: () => Promise.resolve(command),
      settings: { exceptions: [] },
      network: NO_NETWORK_SETTINGS,
      endOutdated: () => {},
      sessions: () => [],
      log: (message) => said.push(message),
    });
  }

  it('that ends whenever it is started is a refusal that says where to look', async () => {
    const host = hostOf(['/bin/false']);
    await expect(host.register('sesn_1', session)).rejects.toMatchObject({
      code: 'sandbox_unavailable',
      message: expect.stringContaining(`Read ${logFile}`) as string,
    });
    host.close();
  });
  it('that is not there does not keep a sandbox from stopping', async () => {
    const said: string[] = [];
    const host = hostOf(['/bin/false'], said);
    await host.unregister('sesn_1');
    expect(said).toEqual([]);
    host.close();
  });
});
