import type { Logger } from 'pino';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import type { Config } from '../config.ts';
import { absentEverywhere, spokenOf } from '../core/worker-offer.ts';
import type { WorkerOffers } from '../providers/store/worker-offers.ts';
import { createToolRegistry } from '../tools/registry.ts';
import { createWebFetchTool } from '../tools/web-fetch.ts';
import { createWebSearchTool } from '../tools/web-search.ts';
import { absentTools } from './absent-tools.ts';

const PERIOD_MS = 2_000;

const elsewhere = (): never => {
  throw new Error('A worker without hands runs no tools.');
};

/**
 * The tools that a worker without hands offers to models: those that the workers with hands have, whose search engine and sandboxes it does not
 * know by its own settings. These count as long as no worker with hands has spoken. Loaded when `ready` resolves.
 */
export function toolsOfHands(
  config: Pick<Config, 'sandbox' | 'web_search'>,
  workers: Pick<WorkerOffers, 'read'>,
  log: Pick<Logger, 'warn'>,
): Pick<ActivityDependencies, 'describeTools' | 'builtInNames'> & { ready: Promise<void>; close(): void } {
  const { limits } = config.sandbox;
  const registry = createToolRegistry(
    { defaultMs: limits.command_seconds * 1_000, maximumMs: limits.max_command_seconds * 1_000 },
    [
      createWebFetchTool({
        fetcher: { fetch: elsewhere },
        readPage: elsewhere,
        policyOf: elsewhere,
        isKnownUrl: elsewhere,
        decided: elsewhere,
        limitOutput: elsewhere,
      }),
      createWebSearchTool({ name: 'searxng', search: elsewhere }),
    ],
    ['sandbox_mcp'],
  );
  let absent = absentTools(config);

  async function look(): Promise<void> {
    try {
      const { said } = spokenOf(await workers.read(), (offer) => offer.absentTools);
      if (said.length > 0) absent = absentEverywhere(said);
    } catch (error) {
      log.warn({ err: error }, 'what the workers with hands can do could not be read');
    }
  }

  const timer = setInterval(() => void look(), PERIOD_MS).unref();
  return {
    ready: look(),
    describeTools: (tools) => registry.definitions(tools).filter(({ name }) => !absent.has(name)),
    builtInNames: (toolset) => registry.namesOf(toolset).filter((name) => !absent.has(name)),
    close: () => clearInterval(timer),
  };
}
