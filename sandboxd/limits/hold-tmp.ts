import { statfsSync } from 'node:fs';

import type { Calls } from '../calls.ts';
import type { Pace } from './pace.ts';
import { removeNewest } from './remove-newest.ts';

/** What lies in memory. Its size is the kernel's to bound; the number of files is not. */
const FOLDERS = ['/tmp', '/dev/shm'];
/** A file without content takes more than a kilobyte of the kernel's memory. */
const MOST_FILES = 200_000;
const LOOK_MS = 1_000;

export interface TmpDeps {
  prefix: readonly string[];
  environment: Record<string, string>;
  calls: Pick<Calls, 'endCommands' | 'endBackground' | 'hasBackground' | 'announce'>;
  pace: Pace;
  log(message: string): void;
}

function filesThere(): number {
  return FOLDERS.reduce((sum, folder) => {
    const { files, ffree } = statfsSync(folder);
    return sum + files - ffree;
  }, 0);
}

/** Bounds the number of files in memory where no control group counts what the kernel takes for them: over it, what is newest goes. */
export async function holdTmp({ prefix, environment, calls, pace, log }: TmpDeps): Promise<never> {
  const notice = `[${FOLDERS.join(' and ')} may hold ${MOST_FILES} files; what was written last was removed, and what runs in the background was ended.]`;
  for (;;) {
    await pace.pause(LOOK_MS);
    const files = filesThere();
    if (files <= MOST_FILES) continue;
    log(`${files} files in memory are over the limit of ${MOST_FILES}`);
    calls.endCommands('limit');
    if (calls.hasBackground()) calls.endBackground('');
    const request = { folders: FOLDERS, spared: [], bytes: 0, files: files - MOST_FILES / 2 };
    await removeNewest({ ...request, prefix, environment }).catch((error: unknown) =>
      log(`files in memory cannot be removed: ${String(error)}`),
    );
    calls.announce(notice);
  }
}
