import type { AbsentTools } from '../core/agent/absent-tools.ts';
import { AppError } from '../core/errors.ts';
import { joinOffers, type ModelOffer } from '../core/models/model-offer.ts';
import type { OfferedModels } from '../core/models/offered-models.ts';
import { absentTools, spokenOf, type Spoken, type WorkerOffer } from '../core/worker-offer.ts';
import type { WorkerOffers } from '../providers/store/worker-offers.ts';

/** How soon an api hears by itself of what workers say. */
const PERIOD_MS = 2_000;
const RETRY_MS = 2_000;

/** What the workers of the service can do, as the api goes by it. */
export interface Offered {
  models: OfferedModels;
  /** Built-in tools that models are not offered. */
  absentTools(): AbsentTools;
  close(): void;
}

/**
 * Follows what workers say that they can do, since keys and sandboxes are theirs. While a worker runs that calls models, its word counts
 * alone. While none does, what the last one said and what this process's own settings say are a good guess, and what neither of them knows is
 * an open question. Loaded when it resolves.
 *
 * @param deps.own - by the settings of this process, which may change while it runs.
 * @param deps.defaultModel - the setting; null: as the workers have it.
 */
export async function followOffers(deps: {
  own: () => { models: ModelOffer; absentTools: NonNullable<WorkerOffer['absentTools']> };
  defaultModel: () => string | null;
  workers: Pick<WorkerOffers, 'read'>;
  onProblem: (error: unknown) => void;
}): Promise<Offered> {
  const { workers, onProblem } = deps;
  let brains: Spoken<ModelOffer> = { said: [], isAlive: false };
  let catalog = joinOffers([deps.own().models], deps.defaultModel());
  let absent = absentTools([deps.own().absentTools]);
  let known = '';
  let reading: Promise<void> | null = null;

  async function read(): Promise<void> {
    const told = await workers.read();
    const hands = spokenOf(told, (offer) => offer.absentTools);
    brains = spokenOf(told, (offer) => offer.models);
    const models = brains.isAlive ? brains.said : [...brains.said, deps.own().models];
    const absences = hands.said.length === 0 ? [deps.own().absentTools] : hands.said;
    const defaultModel = deps.defaultModel();
    const text = JSON.stringify([models, absences, defaultModel]);
    if (text === known) return;
    catalog = joinOffers(models, defaultModel);
    absent = absentTools(absences);
    known = text;
  }

  /** Rejects with `unavailable`. */
  async function reload(): Promise<void> {
    reading ??= read().finally(() => {
      reading = null;
    });
    await reading;
  }

  await reload().catch(onProblem);
  const timer = setInterval(() => void reload().catch(onProblem), PERIOD_MS).unref();
  return {
    models: {
      get defaultModel() {
        return catalog.defaultModel;
      },
      get caution() {
        if (brains.isAlive) return null;
        return brains.said.length === 0
          ? 'No worker has said yet which models it can reach, so models may be missing here.'
          : 'No worker that calls models runs now, so these are the models of the last one.';
      },
      resolve: (id) => catalog.resolve(id),
      list: () => catalog.list(),
      async confirm(id, where) {
        const isKnown = (): boolean =>
          id === null ? catalog.defaultModel !== 'demo' : catalog.resolve(id) !== null;
        if (isKnown()) return;
        await reload();
        if (isKnown() || brains.isAlive || (id === null && brains.said.length > 0)) return;
        const what =
          id === null ? 'which models there are' : `whether there is a model ${JSON.stringify(id)}`;
        throw new AppError(
          'unavailable',
          `${where}: nobody can say now ${what}: no worker that calls models is running, or none has said yet what it can reach. Try again in a moment; if this stays so, start a worker.`,
          { retryAfterMs: RETRY_MS },
        );
      },
    },
    absentTools: () => absent,
    close: () => clearInterval(timer),
  };
}
