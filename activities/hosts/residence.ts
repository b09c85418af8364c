import type { Logger } from 'pino';
import { AppError, isAppError } from '../../core/errors.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { HostFolder } from '../../providers/host/host-folder.ts';
import { withHostLock } from '../../providers/sandbox/host-lock.ts';
import type { ArchiveLimits, SandboxDriver, SandboxSpec } from '../../providers/sandbox/sandbox.ts';
import type { CheckpointStore } from '../../providers/store/checkpoints.ts';
import type { HostStore, Placement } from '../../providers/store/hosts.ts';
import type { HostMetrics, RestoreOutcome } from '../../providers/telemetry/host-metrics.ts';
import { moveNotice } from './move-notice.ts';

/** Sessions of which it is remembered that their sandbox here is the one that counts. */
const REMEMBERED = 10_000;

export interface ResidenceDeps {
  folder: HostFolder;
  taskQueue: string;
  hosts: HostStore;
  checkpoints: CheckpointStore;
  driver: SandboxDriver;
  blobs: Pick<BlobStore, 'open'>;
  limits: ArchiveLimits;
  /** After so long without a heartbeat a host is gone. */
  timeoutMs: number;
  metrics: Pick<HostMetrics, 'restore'>;
  log: Logger;
}

/** Which sessions have their sandbox on this host. */
export interface Residence {
  /** Of this host. */
  readonly taskQueue: string;
  /** Rejects with `wrong_host` when the session's sandbox is on another host, which lives. Takes a session that has no host. */
  admit(sessionId: string): Promise<void>;
  /**
   * Sees to it that the sandbox here is the one that counts: one that was left behind by an earlier stay is destroyed, and what was saved of
   * the session put in its place. Of sandboxes that live apart, one that was lost is made anew likewise. Rejects with `sandbox_unavailable`;
   * then it may be tried again.
   */
  settle(spec: SandboxSpec): Promise<void>;
  /** The sandbox could not be had: the next `settle` looks again whether what the session left is there. */
  doubt(sessionId: string): void;
  /**
   * What the model is to be told of a move, by this call's result, whatever that is; null when nothing. Asked just before the result is
   * committed: only a call that is sealed after that leaves the notice to the next.
   */
  takeNotice(sessionId: string, toolUseId: string): Promise<string | null>;
  /** The placement that the sandbox here is of, if it counts. */
  current(sessionId: string): Promise<string | null>;
  /** Destroys sandboxes here that do not count any more: their session went on elsewhere, or they were put away. */
  evict(): Promise<void>;
}

export function createResidence(deps: ResidenceDeps): Residence {
  const { folder, hosts, checkpoints, driver, log } = deps;
  /** By session: the placement that was last seen, whether the sandbox here is of it, and whether nothing is left to be told. */
  const stays = new Map<string, { placement: Placement; settled: boolean; told: boolean }>();
  const settling = new Map<string, Promise<void>>();

  function remember(sessionId: string, placement: Placement): void {
    const known = stays.get(sessionId);
    stays.delete(sessionId);
    const isKnown = known?.placement.id === placement.id;
    stays.set(sessionId, { placement, settled: isKnown && known.settled, told: isKnown && known.told });
    const oldest = stays.keys().next();
    if (stays.size > REMEMBERED && oldest.done !== true) stays.delete(oldest.value);
  }

  async function restore(
    spec: SandboxSpec,
  ): Promise<{ savedAt: number | null; restored: boolean; lastSeq: number }> {
    const { sessionId } = spec;
    const saved = await checkpoints.get(sessionId);
    const empty = (): Promise<void> => driver.apart?.renew(spec) ?? driver.destroy(sessionId);
    // Of an earlier stay, or of an attempt that broke off.
    await empty();
    if (saved === null) return { savedAt: null, restored: false, lastSeq: 0 };
    const { takenAt: savedAt, lastSeq, format, mark, attached } = saved;
    const began = performance.now();
    try {
      const { archive } = driver.open(spec);
      if (archive?.format !== format)
        throw new AppError('invalid_request', `This driver cannot read archives of the format ${format}.`);
      const parts = saved.parts.map(
        ({ sha256 }) =>
          () =>
            deps.blobs.open(saved.workspaceId, sha256),
      );
      await archive.restore(parts, { mark, attached }, deps.limits);
      log.info(
        { session_id: sessionId, archives: parts.length, ms: Math.round(performance.now() - began) },
        'a sandbox was restored from its checkpoint',
      );
      return { savedAt, restored: true, lastSeq };
    } catch (error) {
      if (!isAppError(error) || (error.code !== 'not_found' && error.code !== 'invalid_request')) throw error;
      log.error(
        { session_id: sessionId, err: error },
        'a checkpoint cannot be restored; the sandbox starts empty',
      );
      await empty();
      return { savedAt, restored: false, lastSeq };
    }
  }

  async function moveIn(spec: SandboxSpec, placement: Placement): Promise<void> {
    const { sessionId } = spec;
    const began = performance.now();
    let outcome: RestoreOutcome = 'error';
    const { savedAt, restored, lastSeq } = await restore(spec)
      .then((done) => {
        outcome = done.savedAt === null ? 'nothing_saved' : done.restored ? 'restored' : 'unreadable';
        return done;
      })
      .finally(() => deps.metrics.restore({ outcome, seconds: (performance.now() - began) / 1_000 }));
    const endedCalls = await checkpoints.endedCalls(sessionId, lastSeq);
    const wasAway = driver.apart === undefined && placement.movedFrom === folder.id;
    const lost = wasAway ? 'nothing' : driver.apart === undefined ? 'machine' : 'container';
    const stay = stays.get(sessionId);
    if (stay !== undefined) stay.told = false;
    if (savedAt !== null || endedCalls > 0) {
      await hosts.keepNotice(sessionId, placement.id, moveNotice({ lost, savedAt, restored, endedCalls }));
    }
    const found = { session_id: sessionId, from: placement.movedFrom, restored, lost_calls: endedCalls };
    if (wasAway) log.info(found, 'a sandbox that was put away is back');
    else log.warn(found, `a session goes on here, since its ${lost} is gone`);
  }

  /** Whether the sandbox here counts, where that needs no move. */
  function isAtHome(sessionId: string, placement: Placement): boolean {
    const here = folder.placementOf(sessionId);
    if (here === placement.id) return true;
    // Nothing was ever moved: what is here, if anything, is the session's.
    const isFirst = placement.movedFrom === null && here === undefined;
    if (!isFirst && driver.apart === undefined) return false;
    folder.setPlacement(sessionId, placement.id);
    return true;
  }

  /** Whether what the session left in a sandbox that lives apart is gone. */
  async function isLost(spec: SandboxSpec): Promise<boolean> {
    if (driver.apart === undefined) return false;
    const saved = await checkpoints.get(spec.sessionId);
    return (await driver.apart.look(spec, saved === null ? 'if_known' : 'always')) === 'lost';
  }

  async function settleLocked(spec: SandboxSpec, placement: Placement): Promise<void> {
    if (isAtHome(spec.sessionId, placement) && !(await isLost(spec))) return;
    await moveIn(spec, placement);
    folder.setPlacement(spec.sessionId, placement.id);
  }

  async function current(sessionId: string): Promise<string | null> {
    const placement = await hosts.placement(sessionId);
    if (placement === null || placement.hostId !== folder.id) return null;
    return folder.placementOf(sessionId) === placement.id ? placement.id : null;
  }

  return {
    taskQueue: deps.taskQueue,
    current,
    async admit(sessionId) {
      let placement = await hosts.placement(sessionId);
      if (placement?.hostId !== folder.id) placement = await hosts.place(sessionId, deps.timeoutMs);
      // A session that is gone has none; the journal says so.
      if (placement === null) return;
      if (placement.hostId !== folder.id) {
        throw new AppError('wrong_host', `The sandbox of ${sessionId} is on the host ${placement.hostId}.`);
      }
      remember(sessionId, placement);
    },
    async settle(spec) {
      const { sessionId } = spec;
      const stay = stays.get(sessionId);
      if (stay === undefined || stay.settled) return;
      const { placement } = stay;
      if (driver.apart === undefined && isAtHome(sessionId, placement)) {
        stay.settled = true;
        return;
      }
      const key = `${sessionId} ${placement.id}`;
      let work = settling.get(key);
      if (work === undefined) {
        work = withHostLock(folder.lockFile(sessionId), () => settleLocked(spec, placement)).finally(() =>
          settling.delete(key),
        );
        settling.set(key, work);
      }
      await work;
      const after = stays.get(sessionId);
      if (after?.placement.id === placement.id) after.settled = true;
    },
    doubt(sessionId) {
      const stay = stays.get(sessionId);
      if (stay !== undefined) stay.settled = false;
    },
    async takeNotice(sessionId, toolUseId) {
      const stay = stays.get(sessionId);
      if (stay === undefined || stay.told) return null;
      if (driver.apart === undefined && stay.placement.movedFrom === null) return null;
      const notice = await hosts.takeNotice(sessionId, toolUseId);
      stay.told = notice === null;
      return notice;
    },
    async evict() {
      if (driver.apart !== undefined) return;
      const here = folder.placements();
      if (here.size === 0) return;
      for (const sessionId of await hosts.leftBehind(folder.id, here)) {
        await withHostLock(folder.lockFile(sessionId), async () => {
          if (folder.placementOf(sessionId) !== here.get(sessionId)) return;
          await driver.destroy(sessionId);
          folder.forget(sessionId);
        });
        stays.delete(sessionId);
        log.info({ session_id: sessionId }, 'a sandbox that does not count any more is gone');
      }
    },
  };
}
