import { expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import { resolveTools } from '../core/agent/resolve-tools.ts';
import type { ToldOffer } from '../core/worker-offer.ts';
import { absentTools } from './absent-tools.ts';
import { toolsOfHands } from './tools-of-hands.ts';

const AGENT_TOOLS = resolveTools([{ type: 'agent_toolset_20260401' }]);

async function namesFor(
  driver: string,
  told: ToldOffer[],
  own: Record<string, string> = { MANAGED_AGENT_WORKER_ROLE: 'brain' },
): Promise<string[]> {
  const env = { MANAGED_AGENT_SANDBOX_DRIVER: driver, ...own };
  const tools = toolsOfHands(loadConfig({ env }), { read: async () => told }, { warn: () => undefined });
  await tools.ready;
  tools.close();
  const described = tools.describeTools(AGENT_TOOLS).map(({ name }) => name);
  expect(tools.builtInNames('agent_toolset_20260401').toSorted()).toEqual(described.toSorted());
  return described;
}

const hands = (absent: ToldOffer['absentTools'], isAlive = true): ToldOffer => ({
  models: null,
  absentTools: absent,
  isAlive,
});
const handless = hands([...absentTools(loadConfig({ env: { MANAGED_AGENT_SANDBOX_DRIVER: 'none' } }))]);

it('a worker without hands offers the tools that those with hands have, whatever its own settings say', async () => {
  expect(await namesFor('none', [])).toEqual([]);
  expect(await namesFor('none', [hands([])])).toEqual(
    expect.arrayContaining(['bash', 'web_fetch', 'web_search']),
  );
  const searchless = await namesFor('bubblewrap', [hands([['web_search', 'no engine']])]);
  expect(searchless).toContain('web_fetch');
  expect(searchless).not.toContain('web_search');
});

it('workers with hands too offer the same, whoever of them asks the model', async () => {
  const search = {
    MANAGED_AGENT_WEB_SEARCH_PROVIDER: 'brave',
    MANAGED_AGENT_WEB_SEARCH_API_KEY: 'nobodys',
  };
  const searchless = hands([['web_search', 'no engine']]);
  const offers = [hands([]), searchless];
  // A call of the tool fails on a host that does not have it.
  expect(await namesFor('bubblewrap', offers, search)).not.toContain('web_search');
  expect(await namesFor('bubblewrap', offers, {})).not.toContain('web_search');
  expect(await namesFor('bubblewrap', [hands([])], search)).toContain('web_search');
  // The other has no sandboxes, so all calls go to this one, and the other way round.
  expect(await namesFor('bubblewrap', [handless], search)).toContain('web_search');
  expect(await namesFor('none', [handless, hands([])], {})).toContain('bash');
  expect(await namesFor('none', [handless], {})).toEqual([]);
});

it('a worker that starts goes by its own settings, not by those of one that is gone', async () => {
  expect(
    await namesFor(
      'bubblewrap',
      [handless].map((offer) => ({ ...offer, isAlive: false })),
      {},
    ),
  ).toContain('bash');
});
