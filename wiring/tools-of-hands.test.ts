import { expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import { resolveTools } from '../core/agent/resolve-tools.ts';
import type { ToldOffer } from '../core/worker-offer.ts';
import { toolsOfHands } from './tools-of-hands.ts';

const AGENT_TOOLS = resolveTools([{ type: 'agent_toolset_20260401' }]);

async function namesFor(driver: string, told: ToldOffer[]): Promise<string[]> {
  const env = { MANAGED_AGENT_SANDBOX_DRIVER: driver, MANAGED_AGENT_WORKER_ROLE: 'brain' };
  const tools = toolsOfHands(loadConfig({ env }), { read: async () => told }, { warn: () => undefined });
  await tools.ready;
  tools.close();
  const described = tools.describeTools(AGENT_TOOLS).map(({ name }) => name);
  expect(tools.builtInNames('agent_toolset_20260401').toSorted()).toEqual(described.toSorted());
  return described;
}

it('a worker without hands offers the tools that those with hands have, whatever its own settings say', async () => {
  const hands = (absentTools: ToldOffer['absentTools']): ToldOffer => ({
    models: null,
    absentTools,
    isAlive: true,
  });
  expect(await namesFor('none', [])).toEqual([]);
  expect(await namesFor('none', [hands([])])).toEqual(
    expect.arrayContaining(['bash', 'web_fetch', 'web_search']),
  );
  const searchless = await namesFor('bubblewrap', [hands([['web_search', 'no engine']])]);
  expect(searchless).toContain('web_fetch');
  expect(searchless).not.toContain('web_search');
  expect(await namesFor('bubblewrap', [hands([['bash', 'none']]), hands([])])).toContain('bash');
});
