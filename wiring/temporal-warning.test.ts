import { expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import { temporalWarning } from './temporal-warning.ts';

const settings = (env: Record<string, string>) =>
  loadConfig({ env: { MANAGED_AGENT_DATA_DIR: '/nowhere', ...env }, part: 'command' });

it('warns of a Temporal of ours that listens for everybody', () => {
  const config = settings({
    MANAGED_AGENT_TEMPORAL_ADDRESS: '127.0.0.1:40123',
    MANAGED_AGENT_TEMPORAL_MANAGED: 'true',
  });
  expect(temporalWarning(config).detail).toMatch(/every account of this machine/);
});

it.each([
  [
    'one behind its sockets',
    { MANAGED_AGENT_TEMPORAL_ADDRESS: 'unix:/run/x/grpc.sock', MANAGED_AGENT_TEMPORAL_MANAGED: 'true' },
  ],
  ['one that is not ours', { MANAGED_AGENT_TEMPORAL_ADDRESS: 'temporal.example:7233' }],
])('says nothing of %s', (_, env) => {
  expect(temporalWarning(settings(env))).toEqual({});
});
