import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Environment } from '../../../core/schema/environment.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';

let api: TestApi;
let client: Anthropic;
beforeAll(async () => {
  api = await startApi();
  client = api.client();
});
afterAll(async () => api.stop());

const refused = { status: 400, type: 'invalid_request_error' };
const noPackages = { type: 'packages', apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] };

describe('environments', () => {
  it('are unrestricted and without packages where nothing is said', async () => {
    const environment = await client.beta.environments.create({ name: 'Plain' });
    expect(environment).toMatchObject({
      type: 'environment',
      name: 'Plain',
      description: null,
      config: { type: 'cloud', networking: { type: 'unrestricted' }, packages: noPackages },
      metadata: {},
      scope: 'organization',
      archived_at: null,
    });
    Environment.parse(environment);
    expect(await client.beta.environments.retrieve(environment.id)).toEqual(environment);
    const empty = await client.beta.environments.create({ name: 'Null', config: null, description: '' });
    expect(empty).toMatchObject({ description: '', config: { networking: { type: 'unrestricted' } } });
  });

  it('keep what an update does not name, level by level', async () => {
    const { id } = await client.beta.environments.create({
      name: 'Limited',
      description: 'd',
      metadata: { a: '1', b: '2', c: '3' },
      config: {
        type: 'cloud',
        networking: {
          type: 'limited',
          allowed_hosts: ['example.com', '*.example.org'],
          allow_package_managers: true,
        },
        packages: { pip: ['pandas==2.2'], npm: ['express@4.18.0'] },
      },
    });
    const changed = await client.beta.environments.update(id, {
      metadata: { a: null, b: '', c: '4' },
      description: null,
      config: {
        type: 'cloud',
        networking: { type: 'limited', allow_mcp_servers: true },
        packages: { npm: [], apt: ['jq'] },
      },
    });
    expect(changed).toMatchObject({
      name: 'Limited',
      description: null,
      metadata: { c: '4' },
      config: {
        networking: {
          type: 'limited',
          allowed_hosts: ['example.com', '*.example.org'],
          allow_package_managers: true,
          allow_mcp_servers: true,
        },
        packages: { ...noPackages, apt: ['jq'], pip: ['pandas==2.2'] },
      },
    });
    const open = await client.beta.environments.update(id, {
      config: { type: 'cloud', networking: { type: 'unrestricted' } },
    });
    expect(open.config).toMatchObject({ networking: { type: 'unrestricted' }, packages: { apt: ['jq'] } });
  });

  it.each([
    ['name', { name: '' }],
    [
      'config.networking.allow_package_managers',
      { name: 'x', config: { type: 'cloud', networking: { type: 'limited' }, packages: { apt: ['jq'] } } },
    ],
    [
      'config.networking.allowed_hosts.0',
      {
        name: 'x',
        config: { type: 'cloud', networking: { type: 'limited', allowed_hosts: ['https://example.com'] } },
      },
    ],
    [
      'config.networking.allowed_hosts.0',
      {
        name: 'x',
        config: { type: 'cloud', networking: { type: 'limited', allowed_hosts: ['example.com:443'] } },
      },
    ],
    [
      'config.packages.pip.0',
      { name: 'x', config: { type: 'cloud', packages: { pip: ['--index-url=http://evil.example'] } } },
    ],
    ['scope', { name: 'x', scope: 'account' }],
    ['config.type', { name: 'x', config: { type: 'vm' } }],
    ['metadata', { name: 'x', metadata: { k: 1 } }],
  ])('are refused for a wrong %s', async (field, body) => {
    const response = await fetch(`${api.url}/v1/environments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: { message: string } }).error.message).toContain(field);
  });

  it('do not change their type, and do not change at all once archived', async () => {
    const { id } = await client.beta.environments.create({ name: 'Typed' });
    await expect(
      client.beta.environments.update(id, { config: { type: 'self_hosted' } }),
    ).rejects.toMatchObject({
      ...refused,
      errorCode: 'invalid_config_type_change',
    });
    await expect(
      client.beta.environments.create({ name: 'x', config: { type: 'self_hosted' } }),
    ).rejects.toMatchObject({ status: 501 });
    const archived = await client.beta.environments.archive(id);
    expect((await client.beta.environments.archive(id)).archived_at).toBe(archived.archived_at);
    await expect(client.beta.environments.update(id, { name: 'New' })).rejects.toMatchObject({
      ...refused,
      errorCode: 'environment_archived',
    });
    const listed = async (include: boolean) => {
      const ids: string[] = [];
      for await (const item of client.beta.environments.list({ limit: 2, include_archived: include }))
        ids.push(item.id);
      return ids;
    };
    expect(await listed(true)).toContain(id);
    expect(await listed(false)).not.toContain(id);
  });

  it('hold a bounded amount of metadata', async () => {
    const full = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v']));
    const { id } = await client.beta.environments.create({ name: 'Full', metadata: full });
    await expect(client.beta.environments.update(id, { metadata: { extra: 'v' } })).rejects.toMatchObject({
      ...refused,
      errorCode: 'invalid_metadata',
    });
    expect(
      (await client.beta.environments.update(id, { metadata: { k0: null, extra: 'v' } })).metadata,
    ).toHaveProperty('extra');
  });
});
