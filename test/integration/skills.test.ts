import { readdirSync, readFileSync } from 'node:fs';
import type Anthropic from '@anthropic-ai/sdk';
import { toFile } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../../examples/connect.ts';
import { startService, type RunningService } from '../harness/service.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

type SkillReference = { type: 'anthropic' | 'custom'; skill_id: string; version?: string };

interface SentRequest {
  system: unknown;
  messages: { role: string; content: { type: string; text?: string }[] }[];
}

const bash = (command: string) => ({
  blocks: [{ type: 'tool_use' as const, name: 'bash', input: { command } }],
});
const say = (text: string) => ({ blocks: [{ type: 'text' as const, text }] });

function isRunning(words: string): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name) || name === String(process.pid)) return false;
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      return command.startsWith('/bin/sh\0') && command.includes(words);
    } catch {
      // It ended meanwhile.
      return false;
    }
  });
}

/** Skills as a user has them: the whole service, the official SDK, real sandboxes. */
describe('skills', () => {
  let models: ScriptedModelServer;
  let service: RunningService;
  let client: Anthropic;

  beforeAll(async () => {
    models = await startScriptedModelServer();
    service = await startService({
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: 'scripted',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
    });
    client = connect(service.url);
    await vi.waitFor(async () =>
      expect((await client.skills.list({ source: 'anthropic' })).data).toHaveLength(8),
    );
  });
  afterAll(async () => {
    await service.stop();
    await models.close();
  });
  beforeEach(() => models.reset());

  async function createSession(skills: SkillReference[], message?: string): Promise<string> {
    const environment = await client.beta.environments.create({ name: 'test' });
    const agent = await client.beta.agents.create({
      name: 'Skilled',
      model: 'claude-scripted',
      tools: [{ type: 'agent_toolset_20260401' }],
      skills,
    });
    const { id } = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    if (message !== undefined) await tell(id, message);
    return id;
  }
  const tell = async (id: string, text: string) =>
    client.beta.sessions.events.send(id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });
  const eventsOf = async (id: string) => {
    const events = [];
    for await (const event of client.beta.sessions.events.list(id, { limit: 500 })) events.push(event);
    return events;
  };
  /** Waits for the end of the turn. */
  const settled = async (id: string): Promise<void> => {
    await expect
      .poll(async () => (await client.beta.sessions.retrieve(id)).status, { timeout: 90_000, interval: 200 })
      .toBe('idle');
  };
  const requests = () => models.ledger().map(({ body }) => body as SentRequest);
  const textsIn = ({ messages }: SentRequest) =>
    messages.flatMap(({ content }) => content.map(({ text = '' }) => text));
  const results = async (id: string) =>
    (await eventsOf(id)).flatMap((event) =>
      event.type === 'agent.tool_result'
        ? [{ isError: event.is_error, text: JSON.stringify(event.content) }]
        : [],
    );
  const upload = async (name: string, body: string, extra: Record<string, string> = {}) => {
    const document = `---\nname: ${name}\ndescription: Does ${name}.\n---\n${body}\n`;
    const files = [await toFile(Buffer.from(document), `${name}/SKILL.md`)];
    for (const [path, text] of Object.entries(extra)) {
      files.push(await toFile(Buffer.from(text), `${name}/${path}`));
    }
    return files;
  };

  it('are told of, and one that the user names does its work in the sandbox until its request is done', async () => {
    const id = await createSession([{ type: 'anthropic', skill_id: 'data-analysis' }]);
    models.push(
      bash('printf "region,amount\\nnorth,1\\nsouth,2\\nwest,3\\n" > /mnt/session/outputs/sales.csv'),
    );
    models.push(say('Written.'));
    await tell(id, 'Make a table');
    await settled(id);
    models.push(
      bash('cd /workspace/skills/data-analysis && scripts/describe.py /mnt/session/outputs/sales.csv'),
    );
    models.push(say('Three rows.'));
    await tell(id, '/data-analysis "sales file".csv');
    await settled(id);
    models.push(say('Nothing to add.'));
    await tell(id, 'And now?');
    await settled(id);

    const sent = requests();
    expect(JSON.stringify(sent[0]?.system)).toContain('- data-analysis: ');
    expect(new Set(sent.map(({ system }) => JSON.stringify(system))).size).toBe(1);
    const activated = textsIn(sent[2] as SentRequest).filter((text) => text.startsWith('<skill name='));
    expect(activated).toHaveLength(1);
    expect(activated[0]).toContain('Follow its instructions until this request is done');
    expect(activated[0]).toContain('# Data analysis');
    expect(activated[0]).toContain('Arguments: "sales file".csv');
    // The next turn adds the user's words and nothing of the skill; what stood before it stays as it is.
    const last = textsIn(sent.at(-1) as SentRequest);
    expect(last.filter((text) => text.startsWith('<skill name='))).toEqual(activated);
    expect(last.at(-1)).toBe('And now?');
    expect((await results(id))[1]).toMatchObject({ isError: false, text: expect.stringContaining('amount') });

    const { agent } = await client.beta.sessions.retrieve(id);
    const newest = (await client.skills.retrieve('data-analysis')).latest_version_id;
    expect(agent.skills).toEqual([{ type: 'anthropic', skill_id: 'data-analysis', version: newest }]);
    const said = (await eventsOf(id)).filter(({ type }) => type === 'user.message');
    expect(said.map((event) => ('skill' in event ? event.skill : null))).toEqual([
      null,
      { activated: 'data-analysis', version: newest },
      null,
    ]);
    expect(models.violations()).toEqual([]);
  });

  it('answer to the vendor’s names, and lie in the sandbox with their execute bits', async () => {
    const id = await createSession(
      ['xlsx', 'docx', 'pptx', 'pdf'].map((skill) => ({ type: 'anthropic', skill_id: skill })),
    );
    models.push(
      bash(
        'cd /workspace/skills && ls && find . -path "*/scripts/*" -perm -100 | wc -l && touch pdf/SKILL.md',
      ),
    );
    models.push(say('Seen.'));
    await tell(id, 'Look');
    await settled(id);
    const [result] = await results(id);
    expect(result?.text).toContain('document\\npdf\\npresentation\\nspreadsheet');
    expect(result?.text).not.toContain('\\n0');
    expect(JSON.stringify(requests()[0]?.system)).toContain('- spreadsheet: ');
  });

  it('are listed by /skills without a model, and another name goes to it with a suggestion for the user', async () => {
    const id = await createSession([
      { type: 'anthropic', skill_id: 'data-analysis' },
      { type: 'anthropic', skill_id: 'pdf' },
    ]);
    await tell(id, '/skills');
    await settled(id);
    expect(models.ledger()).toEqual([]);
    const events = await eventsOf(id);
    const answer = events.find((event) => event.type === 'agent.message');
    expect(JSON.stringify(answer)).toContain('`/data-analysis');
    expect(JSON.stringify(answer)).toContain('`/pdf');
    expect(events.map(({ type }) => type)).toContain('span.model_request_end');
    expect(events.at(-1)?.type).toBe('session.status_idle');

    models.push(say('I know no such skill.'));
    const { data } = await tell(id, '/data-analisys a.csv');
    expect(data?.[0]).toMatchObject({
      skill: { unknown: 'data-analisys', suggestion: 'data-analysis' },
    });
    await settled(id);
    expect(textsIn(requests()[0] as SentRequest)).toContain('/data-analisys a.csv');
  });

  it('stay as the session found them, whatever becomes of them, and new sessions get the new ones', async () => {
    const skill = await client.skills.create({ files: await upload('greeter', 'Say hello to $1.') });
    const reference = { type: 'custom', skill_id: skill.id } as const;
    models.setDefault(say('Hello.'));
    const id = await createSession([reference], '/greeter Ada');
    await settled(id);
    const version = await client.skills.versions.create(skill.id, {
      files: await upload('greeter', 'Say goodbye to $1.'),
    });
    const shown = await client.beta.sessions.retrieve(id);
    expect(shown.agent.skills[0]?.version).toBe(skill.latest_version_id);
    expect((await client.skills.retrieve(skill.id)).latest_version_id).toBe(version.id);

    const later = await createSession([reference], '/greeter Ada');
    await settled(later);
    await client.skills.delete(skill.id);
    // A worker that has nothing in memory builds the same from the log.
    await service.kill('worker');
    await service.ready();
    await tell(id, '/greeter Grace');
    await settled(id);
    models.push(bash('cat /workspace/skills/greeter/SKILL.md'));
    await tell(id, 'Read it');
    await settled(id);
    expect((await results(id))[0]?.text).toContain('Say hello to $1.');

    const [first, second, third] = requests();
    expect(JSON.stringify(second)).toContain('Say goodbye to Ada.');
    expect(JSON.stringify(third)).toContain('Say hello to Grace.');
    expect(third?.system).toEqual(first?.system);
    const [opening] = first?.messages ?? [];
    const withoutCacheMarks = (message: unknown) =>
      JSON.stringify(message).replaceAll(/,?"cache_control":\{[^}]*\}/g, '');
    expect(withoutCacheMarks(third?.messages[0])).toBe(withoutCacheMarks(opening));
    await expect(createSession([reference])).rejects.toMatchObject({
      status: 400,
      error: { error: { details: { error_code: 'skill_not_found_error' } } },
    });
  });

  it('hold for the rest of the session when they are sticky', async () => {
    const files = [
      await toFile(
        Buffer.from('---\nname: pirate\ndescription: Talks.\nsticky: true\n---\nTalk like a pirate.\n'),
        'pirate/SKILL.md',
      ),
    ];
    const skill = await client.skills.create({ files });
    models.push(say('Arr.'));
    const id = await createSession([{ type: 'custom', skill_id: skill.id }], '/pirate');
    await settled(id);
    expect(JSON.stringify(requests()[0])).toContain('Follow its instructions for the rest of this session.');
  });

  it('survive the death of the worker in the middle of an activated turn', async () => {
    const script = '#!/bin/sh\nsleep 3\necho "$1" >> /mnt/session/outputs/greeted\n';
    const skill = await client.skills.create({
      files: await upload('slow-greeter', 'Greet $1.', { 'scripts/greet.sh': script }),
    });
    const id = await createSession([{ type: 'custom', skill_id: skill.id }]);
    models.push({ ...bash('/workspace/skills/slow-greeter/scripts/greet.sh Ada'), delayMs: 1_500 });
    models.push(bash('/workspace/skills/slow-greeter/scripts/greet.sh Ada'));
    models.push(bash('cat /mnt/session/outputs/greeted'));
    models.push(say('Done.'));
    await tell(id, '/slow-greeter Ada');
    await models.waitFor(({ n }) => n > 0);
    await service.kill('worker');
    // A program of the sandbox is a process of this machine like any other.
    await expect.poll(() => isRunning('slow-greeter/scripts/greet.sh'), { timeout: 60_000 }).toBe(true);
    await service.kill('worker');
    await service.ready();
    await settled(id);
    const [asked, askedAgain] = requests();
    expect(askedAgain).toEqual(asked);
    expect((await results(id)).map(({ text }) => text).at(-1)).toContain('"Ada"');
  });
});
