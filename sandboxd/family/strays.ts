import type { ProcessRow } from '../processes.ts';
import { descendantsOf } from './descendants.ts';

/**
 * What a command started whose runner was killed, so that nobody knows its family any more: what is younger than the command, and was
 * started by no older process and no program of sandboxd's.
 *
 * @param unowned - the processes among `rows` that no running call owns.
 * @param startTime - of the command, as in {@link ProcessRow}.
 */
export function straysOf(
  rows: readonly ProcessRow[],
  unowned: readonly ProcessRow[],
  startTime: string,
): ProcessRow[] {
  const older = rows.filter(
    (row) =>
      row.pid !== 1 &&
      row.pid !== process.pid &&
      (row.parent === process.pid || Number(row.startTime) < Number(startTime)),
  );
  const theirs = new Set([
    ...older,
    ...descendantsOf(
      rows,
      older.map((row) => row.pid),
    ),
  ]);
  return unowned.filter((row) => !theirs.has(row));
}
