import type { ToldOffer, WorkerOffer } from '../../core/worker-offer.ts';

/**
 * What workers can do by their settings. Each worker says it for itself; the api, which has other settings, goes by it. What was said last
 * is kept while no worker runs. Rejects with `unavailable`; nothing is retried.
 */
export interface WorkerOffers {
  /** Says what the worker of this name in the registry can do, and forgets what dead ones said who could do no more. */
  tell(worker: string, offer: WorkerOffer): Promise<void>;
  /** All that is known, what was said last first. */
  read(): Promise<ToldOffer[]>;
}
