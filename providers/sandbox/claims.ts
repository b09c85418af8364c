import { existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What was decided about a call id, once and for all. */
export type ClaimDecision = 'start' | 'abandoned';

/**
 * The host's half of the at-most-once record, in a folder that no sandbox can write. A decision is a symbolic link that points to the
 * word: making it is atomic together with its content, exactly one maker wins, and it needs no block on disk.
 */
export interface Claims {
  readonly folder: string;
  /** Decides, unless it was decided before; returns what stands. */
  decide(id: string, decision: ClaimDecision): { standing: ClaimDecision; isNew: boolean };
  /** Notes that a start will be decided. */
  announce(id: string): void;
  /** Whether one was announced, and nothing is decided: then nothing was ever started, since both lie in the same folder. */
  isAnnounced(id: string): boolean;
  /** Forbids a start that was decided and has not reached the sandbox yet. */
  forbid(id: string): void;
  /**
   * Notes where a start is sent to, unless that was noted before; returns what stands, and whether this is the first start.
   *
   * @param place - the name of the place that will hold the call's record.
   */
  sendTo(id: string, place: string): { place: string; isNew: boolean };
  /** Takes back what was noted of a start that certainly did nothing. */
  notSent(id: string): void;
  /** Whether a start was forbidden. Asked before each start, for sandboxes that cannot see this folder. */
  isForbidden(id: string): boolean;
}

const ID = /^[A-Za-z0-9_-]{1,128}$/;

/** Whether `id` can name a record: it becomes a file name. */
export function isRecordName(id: string): boolean {
  return ID.test(id);
}

export function createClaims(folder: string): Claims {
  const fileOf = (id: string): string => {
    if (!isRecordName(id)) throw new RangeError(`not a call id: ${id}`);
    return join(folder, id);
  };
  const announcementOf = (id: string): string => `${fileOf(id)}.announced`;
  /** The sandbox's own user looks for forbidden calls here: readable for all, writable for nobody else. */
  function makeFolder(): void {
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o755 });
  }
  return {
    folder,
    decide(id, decision) {
      makeFolder();
      try {
        symlinkSync(decision, fileOf(id));
        rmSync(announcementOf(id), { force: true });
        return { standing: decision, isNew: true };
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
      return { standing: readlinkSync(fileOf(id)) === 'start' ? 'start' : 'abandoned', isNew: false };
    },
    announce(id) {
      makeFolder();
      writeFileSync(announcementOf(id), '', { mode: 0o600 });
    },
    isAnnounced: (id) =>
      existsSync(announcementOf(id)) && lstatSync(fileOf(id), { throwIfNoEntry: false }) === undefined,
    sendTo(id, place) {
      makeFolder();
      const link = `${fileOf(id)}.place`;
      try {
        symlinkSync(place, link);
        return { place, isNew: true };
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
      return { place: readlinkSync(link), isNew: false };
    },
    notSent: (id) => rmSync(`${fileOf(id)}.place`, { force: true }),
    isForbidden: (id) => existsSync(`${fileOf(id)}.abandoned`),
    forbid(id) {
      makeFolder();
      writeFileSync(`${fileOf(id)}.abandoned`, '', { mode: 0o644 });
    },
  };
}
