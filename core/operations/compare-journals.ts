import type { RebuiltRow } from './rebuild-journal.ts';

/** How a journal differs from what history tells. */
export interface JournalDifferences {
  /** Rows that only history has. */
  missing: RebuiltRow[];
  /** Ids of rows that both have, and that are not the same. */
  different: string[];
  /** Ids of rows that a step wrote and of which no history knows. */
  unknown: string[];
}

/**
 * Compares a journal with what was rebuilt from history. Left out: rows without a step key, which the api wrote alone; the time of what
 * took effect in the api; and whether something that history last saw waiting has taken effect since.
 *
 * @param live - the journal's rows, also those that wait.
 */
export function compareJournals(
  rebuilt: readonly RebuiltRow[],
  live: readonly RebuiltRow[],
): JournalDifferences {
  const found = new Map(live.map((row) => [row.id, row]));
  const told = new Set(rebuilt.map((row) => row.id));
  const missing: RebuiltRow[] = [];
  const different: string[] = [];
  for (const row of rebuilt) {
    const other = found.get(row.id);
    if (!other) missing.push(row);
    else if (!agrees(row, other)) different.push(row.id);
  }
  const unknown = live.filter((row) => row.stepKey !== null && !told.has(row.id)).map((row) => row.id);
  return { missing, different, unknown };
}

function agrees(told: RebuiltRow, live: RebuiltRow): boolean {
  const content = (row: RebuiltRow) => JSON.stringify([row.arrival, row.type, row.body]);
  if (content(told) !== content(live)) return false;
  if (told.processedAt === null) return told.seq === null || told.seq === live.seq;
  const place = (row: RebuiltRow) => JSON.stringify([row.seq, row.detail, row.stepKey, row.processedAt]);
  return place(told) === place(live);
}
