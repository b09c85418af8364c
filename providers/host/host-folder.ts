import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/**
 * What a host of sandboxes knows of itself, beside its sandboxes: a host is a data folder, and all workers on it are one host. Safe for
 * use by several processes.
 */
export interface HostFolder {
  /** Made once, and kept for as long as the folder lives. */
  readonly id: string;
  /** The placement that the session's sandbox here is of. */
  placementOf(sessionId: string): string | undefined;
  setPlacement(sessionId: string, placement: string): void;
  /** Every session that has one. */
  placements(): Map<string, string>;
  forget(sessionId: string): void;
  /** A note about a session that survives the process: `unsaved`: calls ran that no checkpoint holds. `too_large`: said already. */
  note(sessionId: string, note: HostNote): void;
  unnote(sessionId: string, note: HostNote): void;
  hasNote(sessionId: string, note: HostNote): boolean;
  /** Sessions with a note that is older than this. */
  noted(note: HostNote, olderThanMs: number): string[];
  /** For `withHostLock`: who holds it may change where the session's sandbox is from. */
  lockFile(sessionId: string): string;
}

export type HostNote = 'unsaved' | 'too_large';

/** A name that can be a file's; ids of sessions are. */
const NAME = /^[A-Za-z0-9_-]{1,128}$/;

/** Reads the id, or makes it; of several makers one wins. */
function idOf(folder: string): string {
  const file = join(folder, 'id');
  if (!existsSync(file)) {
    const own = join(folder, `id.${randomUUID()}`);
    writeFileSync(own, `host_${randomUUID().replaceAll('-', '').slice(0, 20)}`, { mode: 0o600, flush: true });
    try {
      linkSync(own, file);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    } finally {
      rmSync(own, { force: true });
    }
  }
  return readFileSync(file, 'utf8').trim();
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @param dataFolder - where the sandboxes are kept. */
export function openHostFolder(dataFolder: string): HostFolder {
  const folder = join(dataFolder, 'host');
  const places = { placement: join(folder, 'placements'), lock: join(folder, 'locks') };
  const notes: Record<HostNote, string> = {
    unsaved: join(folder, 'unsaved'),
    too_large: join(folder, 'too-large'),
  };
  for (const path of [...Object.values(places), ...Object.values(notes)]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  const fileIn = (place: string, sessionId: string): string => {
    if (!NAME.test(sessionId)) throw new RangeError(`not a session id: ${sessionId}`);
    return join(place, sessionId);
  };
  return {
    id: idOf(folder),
    placementOf: (sessionId) => readIfThere(fileIn(places.placement, sessionId)),
    setPlacement(sessionId, placement) {
      const file = fileIn(places.placement, sessionId);
      const aside = `${file}.new-${process.pid}`;
      writeFileSync(aside, placement, { mode: 0o600 });
      renameSync(aside, file);
    },
    placements() {
      const found = new Map<string, string>();
      for (const name of readdirSync(places.placement)) {
        const placement = NAME.test(name) ? readIfThere(join(places.placement, name)) : undefined;
        if (placement !== undefined) found.set(name, placement);
      }
      return found;
    },
    forget(sessionId) {
      for (const place of [...Object.values(places), ...Object.values(notes)])
        rmSync(fileIn(place, sessionId), { force: true });
    },
    note: (sessionId, note) => writeFileSync(fileIn(notes[note], sessionId), '', { mode: 0o600 }),
    unnote: (sessionId, note) => rmSync(fileIn(notes[note], sessionId), { force: true }),
    hasNote: (sessionId, note) => existsSync(fileIn(notes[note], sessionId)),
    noted: (note, olderThanMs) =>
      readdirSync(notes[note]).filter((name) => {
        const stats = statSync(join(notes[note], name), { throwIfNoEntry: false });
        return stats !== undefined && Math.floor(stats.mtimeMs) <= Date.now() - olderThanMs;
      }),
    lockFile: (sessionId) => fileIn(places.lock, sessionId),
  };
}
