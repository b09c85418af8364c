import Anthropic, { toFile } from '@anthropic-ai/sdk';
import { startService } from '../test/harness/service.ts';
import { startScriptedModelServer } from '../test/scripted-model-server/index.ts';
import { quantile } from './series.ts';

/**
 * What skills cost a session: `node bench/skills.ts`. The same agent with 500 skills and with none, in turns: the bytes of its prompt, the
 * time from a session's first message to its first model request, and the time of its first command, before which the folders are placed.
 */
const COUNT = 500;
const ROUNDS = 25;

const models = await startScriptedModelServer();
const service = await startService({
  MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
  ANTHROPIC_API_KEY: 'scripted',
  MANAGED_AGENT_LOG_LEVEL: 'warn',
  MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
});
try {
  const client = new Anthropic({ baseURL: service.url, apiKey: 'unused' });
  models.setDefault({ blocks: [{ type: 'text', text: 'ok' }] });

  const uploaded: string[] = [];
  for (let number = 0; number < COUNT; number++) {
    uploaded.push((await client.skills.create({ files: await filesOf(`skill-${number}`) })).id);
  }
  const environment = await client.beta.environments.create({ name: 'bench' });
  const agentWith = async (skills: string[]) =>
    (
      await client.beta.agents.create({
        name: 'bench',
        model: 'claude-scripted',
        tools: [{ type: 'agent_toolset_20260401' }],
        skills: skills.map((id) => ({ type: 'custom', skill_id: id })),
      })
    ).id;
  const agents = { without: await agentWith([]), with: await agentWith(uploaded) };

  const createMs = { without: [] as number[], with: [] as number[] };
  const firstRequestMs = { without: [] as number[], with: [] as number[] };
  const promptBytes = { without: 0, with: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of ['without', 'with'] as const) {
      const created = performance.now();
      const { id } = await client.beta.sessions.create({
        agent: agents[kind],
        environment_id: environment.id,
      });
      createMs[kind].push(performance.now() - created);
      const before = models.ledger().at(-1)?.n ?? 0;
      const begun = performance.now();
      const asked = models
        .waitFor(({ n }) => n > before)
        .then((entry) => {
          firstRequestMs[kind].push(performance.now() - begun);
          const { system } = entry.body as { system: unknown };
          promptBytes[kind] = Buffer.byteLength(JSON.stringify(system));
        });
      await say(id, 'Hello');
      await asked;
      await atRest(id);
    }
  }

  const firstCommandMs = { without: [] as number[], with: [] as number[] };
  for (const kind of ['without', 'with', 'without', 'with'] as const) {
    const { id } = await client.beta.sessions.create({ agent: agents[kind], environment_id: environment.id });
    models.push({ blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'true' } }] });
    const begun = performance.now();
    await say(id, 'Go');
    await atRest(id);
    firstCommandMs[kind].push(performance.now() - begun);
  }

  const half = (series: number[]) =>
    quantile(
      series.toSorted((a, b) => a - b),
      0.5,
    );
  const line = (name: string, { without, with: having }: Record<'without' | 'with', number>, unit: string) =>
    console.log(
      `${name}: ${without.toFixed(1)} ${unit} without, ${having.toFixed(1)} ${unit} with ${COUNT} skills`,
    );
  line('prompt', promptBytes, 'bytes');
  const medians = (series: Record<'without' | 'with', number[]>) => ({
    without: half(series.without),
    with: half(series.with),
  });
  line('session made, median', medians(createMs), 'ms');
  line('message to model request, median', medians(firstRequestMs), 'ms');
  line('first command, whole turn, median', medians(firstCommandMs), 'ms');

  async function say(id: string, text: string): Promise<void> {
    await client.beta.sessions.events.send(id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });
  }

  async function atRest(id: string): Promise<void> {
    while ((await client.beta.sessions.retrieve(id)).status !== 'idle') {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
} finally {
  await service.stop();
  await models.close();
}

/** A small skill as people write them: instructions, a script, a reference. */
async function filesOf(name: string) {
  const description = `Handles the work called ${name}: use it when a request names ${name}, its inputs, its reports or its schedule. ${'It says what to do step by step. '.repeat(6)}`;
  const document = `---\nname: ${name}\ndescription: ${JSON.stringify(description)}\n---\n# ${name}\n\n${'Do this, then that.\n'.repeat(100)}`;
  const script = `#!/bin/sh\n${'# A line of the script.\n'.repeat(50)}echo ${name}\n`;
  const reference = 'A line of the reference.\n'.repeat(200);
  return [
    await toFile(Buffer.from(document), `${name}/SKILL.md`),
    await toFile(Buffer.from(script), `${name}/scripts/run.sh`),
    await toFile(Buffer.from(reference), `${name}/references/more.md`),
  ];
}
