import type { Logger } from 'pino';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import type { Config } from '../config.ts';
import { absentTools, spokenOf } from '../core/worker-offer.ts';
import type { WorkerOffers } from '../providers/store/worker-offers.ts';
import { createToolRegistry } from '../tools/registry.ts';
import { createWebFetchTool } from '../tools/web-fetch.ts';
import { createWebSearchTool } from '../tools/web-search.ts';
import { absentTools as absentBySettings } from './absent-tools.ts';

const PERIOD_MS = 2_000;

const elsewhere = (): never => {
  throw new Error('These tools are only described.');
};

/**
 * The tools that a worker offers to models: those that the workers with hands have, since a call may go to any of them, and their search engine
 * and sandboxes need not be this one's. Its own settings count beside them where it has hands too, and alone as long as no worker with hands has
 * spoken. Loaded when `ready` resolves.
 */
export function toolsOfHands(
  config: Pick<Config, 'sandbox' | 'web_search' | 'worker'>,
  workers: Pick<WorkerOffers, 'read'>,
  log: Pick<Logger, 'warn'>,
): Pick<ActivityDependencies, 'describeTools' | 'builtInNames'> & { ready: Promise<void>; close(): void } {
  const { limits } = config.sandbox;
  const { role } = config.worker;
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
  const own = [...absentBySettings(config)];
  let absent = absentTools([own]);

  async function look(): Promise<void> {
    try {
      const { said, isAlive } = spokenOf(await workers.read(), (offer) => offer.absentTools);
      const others = isAlive || role === 'brain' ? said : [];
      absent = absentTools(others.length === 0 || role !== 'brain' ? [...others, own] : others);
    } catch (error) {
      log.warn({ err: error }, 'what the workers with hands can do could not be read');
    }
  }

  // Hands alone ask no model.
  const timer = role === 'hands' ? undefined : setInterval(() => void look(), PERIOD_MS).unref();
  return {
    ready: look(),
    describeTools: (tools) => registry.definitions(tools).filter(({ name }) => !absent.has(name)),
    builtInNames: (toolset) => registry.namesOf(toolset).filter((name) => !absent.has(name)),
    close: () => clearInterval(timer),
  };
}
