import type { Logger } from 'pino';
import type { ModelSetting } from '../../core/models/model-setting.ts';
import type { ServerAddress } from '../../providers/model/list-server-models.ts';
import type { ImportedModels } from '../../providers/store/imported-models.ts';

const PERIOD_MS = 5 * 60_000;
/** After a failure, so that a server that starts after this one is soon known. */
const RETRY_MS = 15_000;

/** Keeps the stored lists of model servers up to date. */
export interface ModelLists {
  /** Asks every server once. Never rejects; says whether all of them answered. */
  refresh(): Promise<boolean>;
  start(): void;
  stop(): Promise<void>;
}

/** A server that cannot be asked keeps the list that it had; its failures are logged once, and so is its return. */
export function createModelLists(deps: {
  addresses: readonly ServerAddress[];
  list: (address: ServerAddress, signal: AbortSignal) => Promise<ModelSetting[]>;
  store: Pick<ImportedModels, 'write'>;
  /** Told when lists were written. */
  onChange: () => Promise<void>;
  log: Logger;
}): ModelLists {
  const { addresses, list, store, log } = deps;
  const failing = new Set<string>();
  const ended = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | undefined;

  async function refreshOne(address: ServerAddress): Promise<boolean> {
    const provider = address.connection ?? address.provider;
    try {
      const models = await list(address, ended.signal);
      await store.write(provider, models);
      if (failing.delete(provider))
        log.info({ provider, models: models.length }, 'the models are listed again');
      return true;
    } catch (error) {
      if (ended.signal.aborted) return true;
      if (!failing.has(provider)) {
        log.warn({ err: error, provider }, 'the list of models could not be read; the last one stays in use');
      }
      failing.add(provider);
      return false;
    }
  }

  async function refresh(): Promise<boolean> {
    const answers = await Promise.all(addresses.map(refreshOne));
    await deps.onChange();
    return answers.every(Boolean);
  }

  function begin(): void {
    round = refresh().then((complete) => {
      if (!ended.signal.aborted) timer = setTimeout(begin, complete ? PERIOD_MS : RETRY_MS);
    });
  }

  return {
    refresh,
    start() {
      if (addresses.length > 0) begin();
    },
    async stop() {
      ended.abort();
      clearTimeout(timer);
      await round;
    },
  };
}
