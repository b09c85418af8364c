import type { ModelCatalog } from '../../core/models/model-catalog.ts';
import type { ModelSetting } from '../../core/models/model-setting.ts';

/** How soon a process hears of what another one imported. */
const PERIOD_MS = 10_000;

/** A catalogue that follows the lists of model servers. */
export interface LiveCatalog extends ModelCatalog {
  /** Reads the lists now; what fails is reported and leaves the catalogue as it was. */
  reload(): Promise<void>;
  /** Builds it anew from what was read last, since the settings changed. */
  rebuild(): void;
  close(): void;
}

/**
 * Keeps a catalogue up to date with imported models. Entries stay the same objects while the lists do, so that what was made for an entry
 * is kept.
 *
 * @param deps.read - the newest imported models; null: nothing is imported, and nothing is ever read.
 */
export function createLiveCatalog(deps: {
  build: (imported: readonly ModelSetting[]) => ModelCatalog;
  read: (() => Promise<readonly ModelSetting[]>) | null;
  isElsewhere: NonNullable<ModelCatalog['isElsewhere']>;
  onProblem: (error: unknown) => void;
}): LiveCatalog {
  const { build, read, isElsewhere, onProblem } = deps;
  let current = build([]);
  let known = '[]';
  let imported: readonly ModelSetting[] = [];
  let reading: Promise<void> | null = null;

  async function load(source: NonNullable<typeof read>): Promise<void> {
    const newest = await source();
    const text = JSON.stringify(newest);
    if (text === known) return;
    imported = newest;
    current = build(imported);
    known = text;
  }

  async function reload(): Promise<void> {
    if (read === null) return;
    reading ??= load(read)
      .catch(onProblem)
      .finally(() => {
        reading = null;
      });
    await reading;
  }

  const timer = read === null ? undefined : setInterval(() => void reload(), PERIOD_MS).unref();
  return {
    get defaultModel() {
      return current.defaultModel;
    },
    get families() {
      return current.families;
    },
    get connections() {
      return current.connections;
    },
    resolve: (id) => current.resolve(id),
    list: () => current.list(),
    reload,
    rebuild() {
      current = build(imported);
    },
    isElsewhere,
    close: () => clearInterval(timer),
  };
}
