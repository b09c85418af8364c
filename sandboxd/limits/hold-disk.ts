import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { AsAgent } from '../as-agent.ts';
import type { Calls } from '../calls.ts';
import { listProcesses, signalQuietly } from '../processes.ts';
import type { Settings } from '../settings.ts';
import { diskUsage, sizedUsage, type DiskUsage } from './disk-usage.ts';
import { createLookInside } from './look-inside.ts';
import type { Pace } from './pace.ts';
import { removeNewest } from './remove-newest.ts';

/** Usage is measured at most this often, and never for more than a fifth of the time: a large tree takes long. */
const DISK_MS = 1_000;
const DISK_SHARE = 4;
/** How often the free space of the whole disk is asked, which costs nothing: what was written since may be over the limit. */
const GLANCE_MS = 100;
/** What only background processes may have written is measured so many times less often. */
const QUIET_DISK = 5;
/** What is removed at once may free less than it seems: a file may have several names. */
const REMOVALS = 8;
/** What cannot be measured so often in a row, since commands are in the way of it, is taken for too much. */
const FAILURES = 3;
const NAMES_SHOWN = 10;
const NAME_CHARACTERS = 200;
const MIB = 1024 * 1024;
const FULL_NOTICE =
  '[Background processes were ended, since they went on writing although the disk limit of the sandbox was reached.]';
const UNMEASURED_NOTICE =
  '[Background processes were ended, since what the sandbox has on the disk could not be measured beside them.]';

export interface DiskDeps {
  settings: Pick<
    Settings,
    'diskBytes' | 'diskFiles' | 'agent' | 'agentFolders' | 'state' | 'outputsFolder' | 'isDiskSized'
  >;
  asAgent: AsAgent;
  prefix: readonly string[];
  environment: Record<string, string>;
  calls: Pick<
    Calls,
    'endCommands' | 'endBackground' | 'announce' | 'hasBackground' | 'runningCount' | 'startedCount'
  >;
  pace: Pace;
  log(message: string): void;
}

/** Bounds what lies on the disk, where no file system of its own size does. */
export interface DiskWatch {
  /** Removes what is over the limit. Returns a notice of what was removed, empty where nothing was. */
  makeRoom(): Promise<string>;
}

function shown(name: string): string {
  return JSON.stringify(name.length > NAME_CHARACTERS ? `${name.slice(0, NAME_CHARACTERS)}…` : name);
}

export function createDiskWatch(deps: DiskDeps): DiskWatch {
  const { settings, asAgent, prefix, environment, calls, pace, log } = deps;
  const look = createLookInside(asAgent);
  const folders = [...settings.agentFolders, settings.state, settings.outputsFolder];
  const deletedSizes = new Map<string, number>();
  const measure = async (): Promise<DiskUsage> =>
    settings.isDiskSized
      ? sizedUsage(settings.state, look, deletedSizes)
      : diskUsage(folders, environment, look, deletedSizes);
  /**
   * Where the agent can write, the likeliest first. With one user id that is all of the state and the saved outputs: results of this session's
   * calls are lost with it, which a command can bring about anyway.
   */
  const removable = [
    settings.agentFolders,
    [join(settings.state, 'shell'), ...(settings.agent === null ? [settings.outputsFolder] : [])],
    ...(settings.agent === null ? [[settings.state]] : []),
  ];
  /** Without them the next command would begin in another folder, or sandboxd not know what it did before. */
  const spared = ['shell/current', 'boot', 'listening', 'log', 'pipes', 'pipes/*'].map((name) =>
    join(settings.state, name),
  );
  const bytesOver = ({ bytes }: DiskUsage): number => bytes - settings.diskBytes;
  const filesOver = ({ files }: DiskUsage): number =>
    settings.diskFiles > 0 ? files - settings.diskFiles : 0;
  const isOver = (usage: DiskUsage): boolean => bytesOver(usage) > 0 || filesOver(usage) > 0;

  let last: DiskUsage | undefined;
  /** Commands were ended, and what they left may be over still: one that was just ending by itself removes nothing with its result. */
  let isOwed = false;
  /** How many calls had begun when the disk was measured last while none ran. */
  let measured = 0;

  async function removeWhatIsOver(): Promise<string> {
    const names: string[] = [];
    let removed = 0;
    let hasClosed = false;
    for (let round = 0; round < REMOVALS; round++) {
      const usage = (last = await measure());
      isOwed = isOver(usage);
      if (!isOwed) break;
      if (usage.deletedBytes > 0) {
        for (const row of listProcesses())
          if (usage.holders.has(row.group)) signalQuietly(row.pid, 'SIGKILL');
        hasClosed = true;
        if (bytesOver(usage) <= usage.deletedBytes && filesOver(usage) <= 0) {
          await delay(DISK_MS / 10);
          continue;
        }
      }
      let gone = 0;
      for (const folders of removable) {
        if (gone > 0) break;
        const found = await removeNewest({
          folders,
          spared,
          bytes: bytesOver(usage) - usage.deletedBytes,
          files: filesOver(usage),
          prefix,
          environment,
        });
        gone = found.count;
        names.push(...found.names);
      }
      removed += gone;
      if (gone === 0 && usage.deletedBytes === 0) {
        // What is over is not the agent's to remove.
        isOwed = false;
        break;
      }
    }
    if (removed === 0 && !hasClosed) return '';
    const limit = `${Math.ceil(settings.diskBytes / MIB)} MiB or ${settings.diskFiles} files`;
    const few = names.slice(0, NAMES_SHOWN);
    const more = removed > few.length ? ` and ${removed - few.length} more` : '';
    log(`disk: ${removed} files were removed, since they were over the limit`);
    return [
      `[The disk limit of the sandbox (${limit}) was exceeded.`,
      removed > 0 ? ` What was written last was removed: ${few.map(shown).join(', ')}${more}.` : '',
      hasClosed ? ' Programs that kept deleted files open were ended.' : '',
      ']',
    ].join('');
  }

  let making: Promise<string> | undefined;
  const makeRoom = (): Promise<string> => {
    making ??= removeWhatIsOver().finally(() => {
      making = undefined;
    });
    return making;
  };

  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(settings.state);
    return bavail * bsize;
  };

  /** Waits for the next measure, which comes early when the disk lost more than this sandbox may still write. */
  async function pause(milliseconds: number, leastMs: number): Promise<number> {
    const room = settings.diskBytes - (last?.bytes ?? 0);
    let before = freeBytes();
    let began = performance.now();
    for (;;) {
      const waited = performance.now() - began;
      if (waited >= milliseconds) return waited;
      const glanceMs = Math.min(GLANCE_MS, milliseconds - waited);
      // What a call wrote is measured before there is any rest: many short ones would never be, else.
      if (calls.startedCount() !== measured || isOwed) await delay(glanceMs, undefined, { ref: false });
      else if (await pace.pause(glanceMs)) {
        // During a rest nothing was written here, and what others wrote does not count.
        before = freeBytes();
        began = performance.now();
        continue;
      }
      if (calls.runningCount() > 0 && waited >= leastMs && before - freeBytes() > room) return waited;
    }
  }

  /** After calls, and as long as the agent has processes that may write. */
  async function watch(): Promise<never> {
    // Before the first command: a sandbox may have been full already, and a command that makes room is let alone.
    last = await measure().catch(() => undefined);
    for (let leastMs = 0, quietMs = 0, failures = 0; ;) {
      const waited = await pause(Math.max(DISK_MS, leastMs), leastMs);
      const isRunning = calls.runningCount() > 0;
      const started = calls.startedCount();
      if (!isRunning && started === measured && !isOwed) {
        quietMs += waited;
        if (quietMs < DISK_MS * QUIET_DISK || !calls.hasBackground()) continue;
      }
      if (!isRunning) measured = started;
      quietMs = 0;
      const startedAt = performance.now();
      try {
        const before = last;
        const usage = (last = await measure());
        failures = 0;
        const isShrinking =
          before !== undefined &&
          (bytesOver(usage) > 0 ? usage.bytes < before.bytes : usage.files < before.files);
        const hasGrown = before !== undefined && (usage.bytes > before.bytes || usage.files > before.files);
        const what = `disk: ${usage.bytes} bytes in ${usage.files} files are over the limit`;
        if (isOver(usage) && calls.runningCount() > 0 && !isShrinking) {
          log(`${what}; commands are ended`);
          // What is over is removed before their results are given.
          isOwed = true;
          calls.endCommands('limit');
        } else if (isOver(usage) && calls.runningCount() === 0 && (hasGrown || isOwed)) {
          log(what);
          if (calls.hasBackground()) calls.endBackground(FULL_NOTICE);
          // Files in excess are little beside what they hold: there is time until the next command, which may remove them itself.
          if (isOwed || bytesOver(usage) > 0 || filesOver(usage) > settings.diskFiles)
            calls.announce(await makeRoom());
        }
      } catch (error) {
        log(`disk usage cannot be measured: ${String(error)}`);
        failures++;
        if (failures >= FAILURES && calls.runningCount() > 0) {
          calls.endCommands('limit');
          if (calls.hasBackground()) calls.endBackground(UNMEASURED_NOTICE);
        }
      }
      leastMs = (performance.now() - startedAt) * DISK_SHARE;
    }
  }
  void watch();
  return { makeRoom };
}
