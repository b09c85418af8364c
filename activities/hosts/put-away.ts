import type { Logger } from 'pino';
import type { HostFolder } from '../../providers/host/host-folder.ts';
import type { HostStore, RestingSandbox } from '../../providers/store/hosts.ts';
import type { CountRemoved } from '../../providers/telemetry/removed-metric.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { Residence } from './residence.ts';

const PERIOD_MS = 600_000;
const PAGE = 100;
/** Put away in one round: each is saved once more, which starts it. */
const MOST = 100;
/** One that could not be saved is tried again after so long. */
const AGAIN_MS = 24 * 3_600_000;

export interface PutAwayDeps {
  folder: HostFolder;
  hosts: Pick<HostStore, 'resting' | 'putAway'>;
  checkpointer: Pick<Checkpointer, 'saveNow'>;
  residence: Pick<Residence, 'evict'>;
  /** How long a sandbox stays that nobody uses. */
  afterMs: number;
  removed: CountRemoved;
  now: () => number;
  log: Logger;
}

/**
 * Removes from this host the sandboxes of sessions in which nothing happened for long. Each is saved first, so that a process which wrote on
 * after the last call loses nothing, and its next call has it restored. One that cannot be saved stays.
 */
export interface PutAway {
  round(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export function createPutAway(deps: PutAwayDeps): PutAway {
  const { folder, hosts, log, now } = deps;
  const stopping = new AbortController();
  const failedAt = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> | undefined;

  async function putAway(sandbox: RestingSandbox): Promise<boolean> {
    const { sessionId, workspaceId, environmentId, placement } = sandbox;
    // Nothing of it is here, or what is here does not count.
    if (folder.placementOf(sessionId) !== placement) return false;
    if (!(await deps.checkpointer.saveNow({ sessionId, workspaceId, environmentId }))) {
      failedAt.set(sessionId, now());
      return false;
    }
    return hosts.putAway(folder.id, sandbox);
  }

  async function round(): Promise<void> {
    for (const [sessionId, at] of failedAt) if (now() - at >= AGAIN_MS) failedAt.delete(sessionId);
    const gone: string[] = [];
    for (let after = '', isLast = false; !isLast && gone.length < MOST && !stopping.signal.aborted;) {
      const page = await hosts.resting(folder.id, deps.afterMs, after, PAGE);
      for (const sandbox of page) {
        if (stopping.signal.aborted) break;
        if (!failedAt.has(sandbox.sessionId) && (await putAway(sandbox))) gone.push(sandbox.sessionId);
      }
      after = page.at(-1)?.sessionId ?? '';
      isLast = page.length < PAGE;
    }
    if (gone.length === 0) return;
    deps.removed('sandboxes', gone.length);
    log.info({ sandboxes: gone.length, session_ids: gone }, 'sandboxes that nobody uses were put away');
    await deps.residence.evict();
  }

  const begin = (): void => {
    underWay ??= round()
      .catch((error: unknown) => log.warn({ err: error }, 'putting sandboxes away was cut short'))
      .finally(() => {
        underWay = undefined;
      });
  };
  return {
    round,
    start() {
      begin();
      timer = setInterval(begin, PERIOD_MS);
    },
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await underWay;
    },
  };
}
