import Anthropic from '@anthropic-ai/sdk';
import { startService, type RunningService } from '../test/harness/service.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../test/scripted-model-server/index.ts';
import { measureFloor } from './floor/measure-floor.ts';
import { postgresUrlOf, processorTimes, residentMemory } from './embedded.ts';
import { quantile, shown, times, type Series } from './series.ts';

/**
 * What the embedded service adds to a model: `npm run bench`. A scripted model answers at once, so all time is ours. Every figure stands
 * beside what the same machine and the same servers do at best in the same run; compare the ratios, not the milliseconds.
 */
const models = await startScriptedModelServer();
const service = await startService({
  MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
  ANTHROPIC_API_KEY: 'scripted',
  MANAGED_AGENT_LOG_LEVEL: 'warn',
  MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
});
try {
  await bench(service, models);
} finally {
  await service.stop();
  await models.close();
}

async function bench(running: RunningService, scripted: ScriptedModelServer): Promise<void> {
  const client = new Anthropic({ baseURL: running.url, apiKey: 'unused' });
  const atRest = residentMemory(Object.values(running.run().pids));
  scripted.scenario({ when: 'answer', steps: [{ blocks: [{ type: 'text', text: 'ok' }], times: 100_000 }] });
  const floor = await measureFloor(postgresUrlOf(running), running.run().urls.temporal, scripted.url);
  const environment = await client.beta.environments.create({ name: 'bench' });
  const agent = await client.beta.agents.create({
    name: 'bench',
    model: 'claude-scripted',
    tools: [{ type: 'agent_toolset_20260401' }],
  });
  const create = async () =>
    (await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id })).id;
  const say = async (session: string, text: string) =>
    client.beta.sessions.events.send(session, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });
  /** Sends a message and follows the stream to the end of the turn. */
  const turn = async (session: string, text: string) => {
    const stream = await client.beta.sessions.events.stream(session);
    await say(session, text);
    for await (const event of stream) if (event.type === 'session.status_idle') return;
  };

  const command = { blocks: [{ type: 'tool_use' as const, name: 'bash', input: { command: 'true' } }] };
  const answer = { blocks: [{ type: 'text' as const, text: 'ok' }] };
  scripted.scenario({ when: 'command', steps: Array.from({ length: 400 }, () => [command, answer]).flat() });

  const talking = await create();
  await turn(talking, 'answer');
  const post: number[] = [];
  const toModel: number[] = [];
  for (let count = 0; count < 60; count++) {
    const before = scripted.ledger().length;
    const begun = performance.now();
    const asked = scripted.waitFor((entry) => entry.n > before).then(() => performance.now() - begun);
    await say(talking, 'answer');
    post.push(performance.now() - begun);
    toModel.push(await asked);
    await until(async () => (await client.beta.sessions.retrieve(talking)).status === 'idle');
  }

  const working = await create();
  await turn(working, 'command');
  const withCommand = await times(50, () => turn(working, 'command'));

  const many = await Promise.all(Array.from({ length: 20 }, create));
  const hundredTurns = async () => {
    const begun = performance.now();
    await Promise.all(
      many.map(async (session) => {
        for (let count = 0; count < 5; count++) await turn(session, 'command');
      }),
    );
    return 100_000 / (performance.now() - begun);
  };
  const withFreshSandboxes = await hundredTurns();
  const usedBefore = processorTimes(running);
  const turnsPerSecond = await hundredTurns();
  const used = [...processorTimes(running)].map(
    ([name, milliseconds]) => [name, (milliseconds - (usedBefore.get(name) ?? 0)) / 100] as const,
  );

  const created = performance.now();
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      for (let count = 0; count < 20; count++) await create();
    }),
  );
  const createdPerSecond = 200_000 / (performance.now() - created);

  const ratio = (series: Series, base: Series) => (quantile(series, 0.5) / quantile(base, 0.5)).toFixed(2);
  const bareTurn =
    quantile(floor.threeActivities, 0.5) + 2 * quantile(floor.modelStream, 0.5) + quantile(floor.spawn, 0.5);
  const share = (turns: number) =>
    `${((100 * turns) / floor.turnsPerSecond).toFixed(0)} % of no-op turns (${floor.turnsPerSecond.toFixed(1)}/s)`;
  const rows: Row[] = [
    ['POST → 200', shown(post), `${ratio(post, floor.commit)} × a durable commit (${shown(floor.commit)})`],
    ['POST → model request', shown(toModel), `${ratio(toModel, floor.commit)} × a durable commit`],
    [
      'a turn with one command',
      shown(withCommand),
      `${ratio(withCommand, floor.threeActivities)} × three no-op activities (${shown(floor.threeActivities)})`,
    ],
    [
      '',
      '',
      `${(quantile(withCommand, 0.5) / bareTurn).toFixed(2)} × those, two bare model streams (${shown(floor.modelStream)}) and a bare spawn`,
    ],
    ['20 sessions × 5 such turns', `${withFreshSandboxes.toFixed(1)} turns/s`, share(withFreshSandboxes)],
    ['the same once more', `${turnsPerSecond.toFixed(1)} turns/s`, share(turnsPerSecond)],
    ...used
      .filter(([, milliseconds]) => milliseconds >= 0.5)
      .map(([name, milliseconds]): Row => [
        '  processor time per turn',
        `${milliseconds.toFixed(1)} ms`,
        name === 'machine' ? 'the whole machine: these, the sandboxes, the model server, the client' : name,
      ]),
    ['sessions created', `${createdPerSecond.toFixed(0)} /s`, `a bare spawn takes ${shown(floor.spawn)}`],
    ['memory at rest', `${atRest.toFixed(0)} MB`, 'proportional set size of all processes'],
    ['memory after', `${residentMemory(Object.values(running.run().pids)).toFixed(0)} MB`, ''],
  ];
  for (const [what, value, beside] of rows) console.log(`${what.padEnd(28)} ${value.padEnd(20)} ${beside}`);
  if (scripted.violations().length > 0)
    throw new Error(`invalid model requests: ${scripted.violations()[0]}`);
}

type Row = [what: string, value: string, beside: string];

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
