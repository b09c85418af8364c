import { expect, it } from 'vitest';
import type { Environment } from '../service/wire.ts';
import { draftOf, paramsOf } from './environment-draft.ts';

it('comes out of its form as it went in', () => {
  const config = {
    type: 'cloud',
    networking: {
      type: 'limited',
      allowed_hosts: ['a.example', 'b.example'],
      allow_mcp_servers: true,
      allow_package_managers: false,
    },
    packages: {
      type: 'packages',
      apt: ['jq'],
      cargo: [],
      gem: [],
      go: [],
      npm: [],
      pip: ['numpy>=2,<3', 'pandas'],
    },
  };
  const environment = { name: 'E', description: 'd', config } as unknown as Environment;
  expect(paramsOf(draftOf(environment))).toEqual({ name: 'E', description: 'd', config });
});

it('is open and empty at first', () => {
  expect(paramsOf({ ...draftOf(null), name: ' new ' })).toMatchObject({
    name: 'new',
    config: { networking: { type: 'unrestricted' }, packages: { apt: [] } },
  });
});
