import Anthropic from '@anthropic-ai/sdk';
import { startService } from '../test/harness/service.ts';
import { startScriptedModelServer } from '../test/scripted-model-server/index.ts';

/** What checkpoints cost a turn: the time from a message to idle, one command each, sent one right after the other, with them and without. */
const TURNS = 20;
const SETUP = 'for i in $(seq 200); do head -c 1000000 /dev/urandom > f$i; done';
const COMMAND = 'head -c 20000000 /dev/urandom > changed';

const models = await startScriptedModelServer();
try {
  for (const bytes of ['0', '1073741824', '0', '1073741824']) {
    const times = await measure(bytes);
    const sorted = times.slice(1).sort((one, other) => one - other);
    const at = (part: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * part)] ?? 0);
    const what = bytes === '0' ? 'without checkpoints' : 'with checkpoints';
    console.log(`${what}: a turn takes ${at(0.5)} ms (median), ${at(0.95)} ms (95 of 100)`);
  }
} finally {
  await models.close();
}

async function measure(bytes: string): Promise<number[]> {
  const service = await startService({
    MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
    MANAGED_AGENT_SANDBOX_CHECKPOINT_BYTES: bytes,
    ANTHROPIC_API_KEY: 'scripted',
  });
  try {
    const client = new Anthropic({ baseURL: service.url, apiKey: 'unused' });
    const marker = `turns-${bytes}-${performance.now()}`;
    const tool = (command: string) => ({
      blocks: [{ type: 'tool_use' as const, name: 'bash', input: { command } }],
    });
    const done = { blocks: [{ type: 'text' as const, text: 'done' }] };
    const steps = [tool(SETUP), done];
    for (let turn = 0; turn < TURNS; turn++) steps.push(tool(COMMAND), done);
    models.scenario({ when: marker, steps });
    const environment = await client.beta.environments.create({ name: marker });
    const agent = await client.beta.agents.create({
      name: marker,
      model: 'claude-scripted',
      tools: [{ type: 'agent_toolset_20260401' }],
    });
    const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    const times: number[] = [];
    for (let turn = 0; turn <= TURNS; turn++) {
      const began = performance.now();
      const stream = await client.beta.sessions.events.stream(session.id);
      await client.beta.sessions.events.send(session.id, {
        events: [{ type: 'user.message', content: [{ type: 'text', text: marker }] }],
      });
      for await (const event of stream) if (event.type === 'session.status_idle') break;
      times.push(performance.now() - began);
      // The next message comes while the checkpoint of this turn is under way.
      await new Promise((resolve) => setTimeout(resolve, 1_200));
    }
    return times;
  } finally {
    await service.stop();
  }
}
