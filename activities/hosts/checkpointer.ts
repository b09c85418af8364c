import type { Logger } from 'pino';
import { isAppError } from '../../core/errors.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { HostFolder } from '../../providers/host/host-folder.ts';
import type {
  ArchiveLimits,
  SandboxDriver,
  SandboxSpec,
  SavedArchive,
} from '../../providers/sandbox/sandbox.ts';
import type { Checkpoint, CheckpointStore } from '../../providers/store/checkpoints.ts';
import type { CheckpointOutcome, HostMetrics } from '../../providers/telemetry/host-metrics.ts';
import type { Journal } from '../../providers/store/journal.ts';
import type { Residence } from './residence.ts';

const PERIOD_MS = 1_000;
/** What another process of this host left unsaved is looked for so often, and when it is so old. */
const LEFT_EVERY_MS = 60_000;
/** After a save that failed. */
const AGAIN_MS = 30_000;
/** Saves under way at once. */
const AT_ONCE = 2;
/** Archives of changes on top of a full one; then a full one is made again. */
const MOST_PARTS = 12;

export interface CheckpointerDeps {
  driver: Pick<SandboxDriver, 'open'>;
  residence: Pick<Residence, 'current'>;
  folder: HostFolder;
  checkpoints: CheckpointStore;
  blobs: Pick<BlobStore, 'putStream'>;
  journal: Pick<Journal, 'head'>;
  /** What a session's sandbox is opened with; null for a session that is gone. */
  specOf(sessionId: string): Promise<SandboxSpec | null>;
  /** Tells the session's clients what is wrong. */
  tell(sessionId: string, message: string): Promise<void>;
  limits: ArchiveLimits;
  /** A turn that goes on for longer is saved between two calls. */
  intervalMs: number;
  now: () => number;
  metrics: Pick<HostMetrics, 'checkpoint' | 'checkpointBytes' | 'readUnsaved'>;
  log: Logger;
}

/**
 * Saves what calls changed, beside the turn: soon after the session is idle, and now and then in a long turn while no call runs. Nothing
 * waits for it. What a process leaves unsaved, the next one on the host saves.
 */
export interface Checkpointer {
  /** A call is about to run in the session's sandbox. */
  began(spec: SandboxSpec): void;
  ended(spec: SandboxSpec): void;
  /** Saves a sandbox now. Whether all that is saved of it is in its checkpoint; false also while a call runs. */
  saveNow(spec: SandboxSpec): Promise<boolean>;
  /** One round: starts what is due and waits for it. */
  round(): Promise<void>;
  start(): void;
  /** Saves what is at rest, for at most this long, and ends. */
  stop(withinMs: number): Promise<void>;
}

interface Unsaved {
  spec: SandboxSpec;
  running: number;
  /** Counts calls, so that one that comes during a save is not taken for saved. */
  calls: number;
  /** When it was last saved, or when it began to be unsaved. */
  since: number;
  notBefore: number;
  saving: boolean;
}

export function createCheckpointer(deps: CheckpointerDeps): Checkpointer {
  const { folder, checkpoints, journal, log, now, metrics } = deps;
  const unsaved = new Map<string, Unsaved>();
  metrics.readUnsaved(() => unsaved.size);
  let lookedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> | undefined;

  function entryOf(spec: SandboxSpec): Unsaved {
    const known = unsaved.get(spec.sessionId);
    if (known !== undefined) return known;
    const made = { spec, running: 0, calls: 0, since: now(), notBefore: 0, saving: false };
    unsaved.set(spec.sessionId, made);
    return made;
  }

  /** Takes over what a process of this host that is gone left. */
  async function findLeft(): Promise<void> {
    const age = lookedAt === Number.NEGATIVE_INFINITY ? 0 : LEFT_EVERY_MS;
    lookedAt = now();
    for (const sessionId of folder.noted('unsaved', age)) {
      if (unsaved.has(sessionId)) continue;
      const spec = await deps.specOf(sessionId);
      if (spec === null) folder.unnote(sessionId, 'unsaved');
      else entryOf(spec);
    }
  }

  async function isDue({ spec, since }: Unsaved): Promise<boolean> {
    if (now() - since >= deps.intervalMs) return true;
    const head = await journal.head(spec.sessionId);
    return head === null || (head.status !== 'running' && !head.busy);
  }

  /** `elsewhere` also when another process of this host saved meanwhile: whether that holds everything is not known. */
  async function store(
    spec: SandboxSpec,
    placement: string,
  ): Promise<Extract<CheckpointOutcome, 'saved' | 'unchanged' | 'elsewhere'>> {
    const { sessionId, workspaceId } = spec;
    const { archive } = deps.driver.open(spec);
    if (archive === undefined) return 'unchanged';
    const began = performance.now();
    const lastSeq = (await journal.head(sessionId))?.lastSeq ?? 0;
    const found = await checkpoints.get(sessionId);
    const before = found?.format === archive.format ? found : null;
    const saved = await archive.save(before !== null && isShort(before) ? before.mark : null, deps.limits);
    if (saved === null) {
      // Nothing changed: the calls until now are in what was saved.
      const stands =
        before === null || (await checkpoints.record({ ...before, lastSeq }, before.mark, placement));
      return stands ? 'unchanged' : 'elsewhere';
    }
    const { mark, kind, attached, bytes } = saved;
    const { sha256, bytes: stored } = await put(workspaceId, saved);
    const earlier = kind === 'changes' && before !== null ? before.parts : [];
    const parts = [...earlier, { sha256, bytes }];
    const checkpoint: Checkpoint = {
      sessionId,
      workspaceId,
      format: archive.format,
      mark,
      parts,
      attached,
      lastSeq,
    };
    if (!(await checkpoints.record(checkpoint, found?.mark ?? null, placement))) return 'elsewhere';
    metrics.checkpointBytes(kind, { kept: bytes, stored });
    const ms = Math.round(performance.now() - began);
    log.info(
      { session_id: sessionId, kind, files: saved.files, bytes, stored, ms },
      'what a sandbox keeps was saved',
    );
    return 'saved';
  }

  /** A stream that breaks leaves no blob. Names and padding come on top of the contents. */
  async function put(
    workspaceId: string,
    { content }: SavedArchive,
  ): Promise<{ sha256: string; bytes: number }> {
    return deps.blobs.putStream(workspaceId, content, deps.limits.bytes + deps.limits.files * 2_048);
  }

  async function save(entry: Unsaved): Promise<CheckpointOutcome> {
    const { spec, calls } = entry;
    const { sessionId } = spec;
    entry.saving = true;
    const began = performance.now();
    let outcome: CheckpointOutcome = 'error';
    try {
      const placement = await deps.residence.current(sessionId);
      // A session that went on elsewhere is not this host's to save.
      outcome = placement === null ? 'elsewhere' : await store(spec, placement);
      folder.unnote(sessionId, 'too_large');
      if (placement === null || outcome !== 'elsewhere') settled(entry, calls);
    } catch (error) {
      if (isAppError(error) && error.code === 'too_large') {
        outcome = 'too_large';
        await tooLarge(sessionId, error.message);
        settled(entry, calls);
        return outcome;
      }
      entry.notBefore = now() + AGAIN_MS;
      log.warn({ session_id: sessionId, err: error }, 'what a sandbox keeps could not be saved; tried again');
    } finally {
      entry.saving = false;
      entry.since = now();
      metrics.checkpoint({ outcome, seconds: (performance.now() - began) / 1_000 });
    }
    return outcome;
  }

  function settled(entry: Unsaved, calls: number): void {
    if (entry.calls !== calls) return;
    folder.unnote(entry.spec.sessionId, 'unsaved');
    unsaved.delete(entry.spec.sessionId);
  }

  /** Said once, until a save succeeds again. */
  async function tooLarge(sessionId: string, reason: string): Promise<void> {
    log.warn({ session_id: sessionId, reason }, 'what a sandbox keeps is not saved: it is too large');
    if (folder.hasNote(sessionId, 'too_large')) return;
    folder.note(sessionId, 'too_large');
    try {
      await deps.tell(
        sessionId,
        `The sandbox is not saved: ${reason} If its machine is lost, files that are newer than the last checkpoint are lost with it.`,
      );
    } catch (error) {
      log.warn({ session_id: sessionId, err: error }, 'the session could not be told that it is not saved');
    }
  }

  async function round(only: (entry: Unsaved) => boolean = () => true): Promise<void> {
    if (now() - lookedAt >= LEFT_EVERY_MS) await findLeft();
    const due: Unsaved[] = [];
    for (const entry of unsaved.values()) {
      const isAtRest = entry.running === 0 && !entry.saving && now() >= entry.notBefore;
      if (isAtRest && only(entry) && (await isDue(entry))) due.push(entry);
    }
    const lines = Array.from({ length: Math.min(AT_ONCE, due.length) }, async () => {
      // A call may have come meanwhile.
      for (let entry = due.shift(); entry !== undefined; entry = due.shift())
        if (entry.running === 0 && only(entry)) await save(entry);
    });
    await Promise.all(lines);
  }

  return {
    began(spec) {
      const entry = entryOf(spec);
      if (entry.calls === 0) folder.note(spec.sessionId, 'unsaved');
      entry.running++;
      entry.calls++;
    },
    ended(spec) {
      const entry = unsaved.get(spec.sessionId);
      if (entry !== undefined) entry.running--;
    },
    async saveNow(spec) {
      const entry = entryOf(spec);
      if (entry.running > 0 || entry.saving) return false;
      folder.note(spec.sessionId, 'unsaved');
      const outcome = await save(entry);
      return (outcome === 'saved' || outcome === 'unchanged') && !unsaved.has(spec.sessionId);
    },
    round: () => round(),
    start() {
      timer = setInterval(() => {
        underWay ??= round()
          .catch((error: unknown) => log.warn({ err: error }, 'looking for what is to be saved failed'))
          .finally(() => {
            underWay = undefined;
          });
      }, PERIOD_MS);
    },
    async stop(withinMs) {
      clearInterval(timer);
      await underWay;
      const end = now() + withinMs;
      await round(() => now() < end).catch((error: unknown) =>
        log.warn({ err: error }, 'what is left unsaved is saved at the next start'),
      );
    },
  };
}

/** Whether the next save may be one of changes only. */
function isShort({ parts }: Checkpoint): boolean {
  const [full, ...changes] = parts;
  const changed = changes.reduce((sum, { bytes }) => sum + bytes, 0);
  return parts.length < MOST_PARTS && changed <= Math.max(full?.bytes ?? 0, 16 * 1024 * 1024);
}
