import type { ReportedUsage } from './format.ts';

/** One request as the server saw it. Times are Unix milliseconds with fractions. */
export interface LedgerEntry {
  /** From 1, in order of arrival. */
  n: number;
  format: string;
  method: string;
  path: string;
  /** Without credentials. */
  headers: Record<string, string>;
  /** null where it is no JSON, and for requests older than the last `keepBodies`. */
  body: unknown;
  bodyBytes: number;
  bodySha256: string;
  model: string;
  /** Names of the tools on offer. */
  tools: string[];
  /** Text of the first user message, its first 200 characters. */
  about: string;
  /** How often the model has answered before in this conversation. */
  step: number;
  /** From 1: which request of this step of a scenario it is. 0 outside scenarios. */
  attempt: number;
  /** What a vendor would have refused. Empty is what tests want. */
  violations: string[];
  status: number | null;
  /**
   * `streaming` until it ends; `completed` when the whole response went out; `aborted` when the client closed before; `faulted` when
   * the script broke it; `refused` when violations were answered with an error.
   */
  outcome: 'streaming' | 'completed' | 'aborted' | 'faulted' | 'refused';
  receivedAt: number;
  firstByteAt: number | null;
  endedAt: number | null;
  framesSent: number;
  /** What the response reported. Billed by a vendor when `outcome` is `completed`. */
  usage: ReportedUsage | null;
}

export interface Ledger {
  add(entry: Omit<LedgerEntry, 'n'>): LedgerEntry;
  /** To be called after changing an entry. */
  changed(): void;
  entries(): readonly LedgerEntry[];
  /** The first entry, there already or to come, that fits. Rejects after the time with what the ledger holds. */
  waitFor(fits: (entry: LedgerEntry) => boolean, timeoutMs: number): Promise<LedgerEntry>;
  clear(): void;
}

/** @param keepBodies - how many of the latest bodies are kept; long sessions would otherwise fill the memory. */
export function createLedger(keepBodies: number): Ledger {
  let entries: LedgerEntry[] = [];
  let next = 1;
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  return {
    changed,
    add(fields) {
      const entry = { n: next, ...fields };
      next += 1;
      entries.push(entry);
      const old = entries.at(-1 - keepBodies);
      if (old !== undefined) old.body = null;
      changed();
      return entry;
    },
    entries: () => entries,
    waitFor(fits, timeoutMs) {
      return new Promise((resolve, reject) => {
        const stop = () => {
          clearTimeout(timer);
          watchers.delete(look);
        };
        const look = () => {
          const found = entries.find(fits);
          if (found === undefined) return;
          stop();
          resolve(found);
        };
        const timer = setTimeout(() => {
          stop();
          const seen = entries.map(({ n, outcome, step, about }) => `${n} ${outcome} step ${step}: ${about}`);
          reject(new Error(`No such model request within ${timeoutMs} ms. Seen:\n${seen.join('\n')}`));
        }, timeoutMs);
        watchers.add(look);
        look();
      });
    },
    clear() {
      entries = [];
      changed();
    },
  };
}
