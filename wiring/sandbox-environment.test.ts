import { expect, it } from 'vitest';

import { networkPolicy } from './sandbox-environment.ts';

type Agent = Parameters<typeof networkPolicy>[1];
const agent = {
  mcp_servers: [{ type: 'url', name: 'docs', url: 'https://mcp.example.com:8443/sse' }],
} as Agent;
const limited: Extract<Parameters<typeof networkPolicy>[0], { type: 'limited' }> = {
  type: 'limited',
  allowed_hosts: ['api.example.com'],
  allow_mcp_servers: false,
  allow_package_managers: false,
};

it('opens exactly what the environment names', () => {
  expect(networkPolicy({ type: 'unrestricted' }, agent)).toEqual({ mode: 'unrestricted' });
  expect(networkPolicy(limited, agent)).toEqual({ mode: 'limited', hosts: ['api.example.com'] });
});
it("adds the agent's MCP servers and the package registries only where the environment says so", () => {
  expect(networkPolicy({ ...limited, allow_mcp_servers: true }, agent)).toEqual({
    mode: 'limited',
    hosts: ['api.example.com', 'mcp.example.com'],
  });
  const withPackages = networkPolicy({ ...limited, allow_package_managers: true }, agent);
  expect(withPackages).toMatchObject({ hosts: expect.arrayContaining(['api.example.com', 'pypi.org']) });
  expect(withPackages).not.toMatchObject({ hosts: expect.arrayContaining(['mcp.example.com']) });
});
