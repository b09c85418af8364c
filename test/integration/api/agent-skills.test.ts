import { toFile } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type TestApi } from '../../harness/start-api.ts';

const TOOLS = [{ type: 'agent_toolset_20260401' as const }];

describe('agents and sessions with skills', () => {
  let api: TestApi;
  let environmentId: string;
  let skill: { id: string; latest_version_id: string };
  let second: string;
  beforeAll(async () => {
    api = await startApi({
      keys: [
        { key: 'key-one', workspace: 'one' },
        { key: 'key-two', workspace: 'two' },
      ],
    });
    environmentId = (await client().beta.environments.create({ name: 'test' })).id;
    skill = await client().skills.create({ files: await filesOf('Say hello.') });
    second = (await client().skills.versions.create(skill.id, { files: await filesOf('Say more.') })).id;
  });
  afterAll(async () => api.stop());

  const client = (key = 'key-one') => api.client(key);
  const filesOf = async (body: string) => [
    await toFile(Buffer.from(`---\nname: greeter\ndescription: Greets.\n---\n${body}\n`), 'greeter/SKILL.md'),
  ];
  const createAgent = async (
    skills: { type: 'custom'; skill_id: string; version?: string }[],
    key?: string,
  ) => client(key).beta.agents.create({ name: 'Skilled', model: 'demo', tools: TOOLS, skills });

  it('name the newest version unless they name another, and sessions keep what it was', async () => {
    const newest = await createAgent([{ type: 'custom', skill_id: skill.id }]);
    expect(newest.skills).toEqual([{ type: 'custom', skill_id: skill.id, version: 'latest' }]);
    const pinned = await createAgent([
      { type: 'custom', skill_id: skill.id, version: skill.latest_version_id },
    ]);
    const versionsOf = async (agent: string) => {
      const session = await client().beta.sessions.create({ agent, environment_id: environmentId });
      return session.agent.skills.map(({ version }) => version);
    };
    expect(await versionsOf(newest.id)).toEqual([second]);
    expect(await versionsOf(pinned.id)).toEqual([skill.latest_version_id]);
    const twice = await createAgent([
      { type: 'custom', skill_id: skill.id },
      { type: 'custom', skill_id: skill.id, version: second },
    ]);
    expect(await versionsOf(twice.id)).toEqual([second]);
  });

  it('can be given and taken by an update or an override', async () => {
    const agent = await createAgent([]);
    const skills = [{ type: 'custom' as const, skill_id: skill.id }];
    const given = await client().beta.agents.update(agent.id, { version: 1, skills });
    expect(given.skills).toHaveLength(1);
    const create = async (override: typeof skills) =>
      client().beta.sessions.create({
        agent: { type: 'agent_with_overrides', id: agent.id, skills: override },
        environment_id: environmentId,
      });
    expect((await create([])).agent.skills).toEqual([]);
    expect((await create(skills)).agent.skills).toEqual([
      { type: 'custom', skill_id: skill.id, version: second },
    ]);
  });

  it('are refused for skills that are not there, not theirs, or of no use to them', async () => {
    const attempts = [
      async () => createAgent([{ type: 'custom', skill_id: 'skill_unknown' }]),
      async () => createAgent([{ type: 'custom', skill_id: skill.id, version: 'skver_unknown' }]),
      async () => createAgent([{ type: 'custom', skill_id: skill.id }], 'key-two'),
      async () =>
        client().beta.agents.create({
          name: 'Wrong kind',
          model: 'demo',
          tools: TOOLS,
          skills: [{ type: 'anthropic', skill_id: skill.id }],
        }),
    ];
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({
        status: 400,
        error: { error: { details: { error_code: 'skill_not_found_error' } } },
      });
    }
    const skills = [{ type: 'custom' as const, skill_id: skill.id }];
    await expect(
      client().beta.agents.create({ name: 'Toolless', model: 'demo', skills }),
    ).rejects.toMatchObject({ status: 400, message: expect.stringContaining('read tool') });
  });

  it('are told of commands in first messages as in later ones', async () => {
    const agent = await createAgent([{ type: 'custom', skill_id: skill.id }]);
    const message = (text: string) => ({
      type: 'user.message' as const,
      content: [{ type: 'text' as const, text }],
    });
    const session = await client().beta.sessions.create({
      agent: agent.id,
      environment_id: environmentId,
      initial_events: [message('/greeter Ada')],
    });
    await client().beta.sessions.events.send(session.id, {
      events: [message('/greter Ada'), message('/usr/bin/env is a path'), message('/skills')],
    });
    const listed = await client().beta.sessions.events.list(session.id);
    expect(listed.data.map((event) => ('skill' in event ? event.skill : null))).toEqual([
      { activated: 'greeter', version: second },
      { unknown: 'greter', suggestion: 'greeter' },
      null,
      { listed: true },
    ]);
  });
});
