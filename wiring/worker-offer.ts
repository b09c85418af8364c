import type { Logger } from 'pino';
import { followOffers, type Offered } from '../api/offered.ts';
import type { Config } from '../config.ts';
import type { ModelCatalog } from '../core/models/model-catalog.ts';
import { modelOfferOf } from '../core/models/model-offer.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import { createPostgresWorkerOffers } from '../providers/store/postgres/worker-offers.ts';
import type { WorkerOffers } from '../providers/store/worker-offers.ts';
import { absentTools } from './absent-tools.ts';
import { ownCatalog } from './model-access.ts';

const LOOK_MS = 2_000;
/** So often it is said again, so that it comes back where it was lost. */
const REPEAT_MS = 60_000;

/** What the api offers: what the workers say, or the settings of this process as long as none has said anything. */
export async function offered(
  config: Config,
  database: Database,
  log: Logger,
  workers: Pick<WorkerOffers, 'read'> = createPostgresWorkerOffers(database),
): Promise<Offered> {
  return followOffers({
    own: () => ({ models: modelOfferOf(ownCatalog(config)), absentTools: [...absentTools(config)] }),
    defaultModel: () => config.default_model,
    workers,
    onProblem: (error) => log.warn({ err: error }, 'what the workers can do could not be read'),
  });
}

/** Says, and goes on saying, what this worker can do by its settings. Resolves when it was said once, or could not be. */
export async function tellOffer(deps: {
  config: Config;
  database: Database;
  log: Logger;
  name: string;
  catalog: ModelCatalog;
}): Promise<{ stop(): void }> {
  const { config, log, name, catalog } = deps;
  const { role } = config.worker;
  const workers = createPostgresWorkerOffers(deps.database);
  let told: { list: ReturnType<ModelCatalog['list']>; at: number } | null = null;

  async function tell(): Promise<void> {
    // A catalogue that changes is made anew, so its list is another one.
    const list = catalog.list();
    if (told?.list === list && Date.now() - told.at < REPEAT_MS) return;
    try {
      await workers.tell(name, {
        models: role === 'hands' ? null : modelOfferOf(catalog),
        absentTools: role === 'brain' ? null : [...absentTools(config)],
      });
      told = { list, at: Date.now() };
    } catch (error) {
      log.warn({ err: error }, 'what this worker can do could not be said; it is tried again');
    }
  }

  await tell();
  const timer = setInterval(() => void tell(), LOOK_MS).unref();
  return { stop: () => clearInterval(timer) };
}
