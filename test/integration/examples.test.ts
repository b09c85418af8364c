import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../examples/connect.ts';
import { customTool, quickstart } from '../../examples/quickstart.ts';
import { startService, type RunningService } from '../harness/service.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

/** The examples, as they stand, against the whole service, with only the base URL changed. */
describe('the examples', () => {
  let models: ScriptedModelServer;
  let service: RunningService;

  beforeAll(async () => {
    models = await startScriptedModelServer();
    service = await startService({
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: 'scripted',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
    });
  });
  afterAll(async () => {
    await service.stop();
    await models.close();
  });

  it('runs the quickstart on the demo model', async () => {
    const lines: string[] = [];
    await quickstart(connect(service.url), 'demo', (line) => lines.push(line));
    const text = lines.join('\n');
    expect(text).toContain('hello from the sandbox');
    expect(text).toMatch(/agent \([1-9]\d* pieces\)/);
    expect(text).toContain('bash {"command":"date"}');
    expect(lines.filter((line) => line === '   idle: end_turn')).toHaveLength(2);
  });

  it('answers a custom tool', async () => {
    models.scenario({
      when: 'Lisbon',
      steps: [
        { blocks: [{ type: 'tool_use', name: 'get_weather', input: { city: 'Lisbon' } }] },
        { blocks: [{ type: 'text', text: 'It is 21 degrees and clear.' }] },
      ],
    });
    const lines: string[] = [];
    await customTool(connect(service.url), 'claude-scripted', (line) => lines.push(line));
    expect(lines.join('\n')).toContain('get_weather {"city":"Lisbon"}');
    expect(lines.join('\n')).toContain('It is 21 degrees and clear.');
    expect(models.violations()).toEqual([]);
  });
});
