import { auditHash } from './audit-hash.ts';
import { AuditRecord, fromAuditRecord } from './audit-record.ts';
import type { AuditMark, AuditProblem } from '../audit-log.ts';

/** What exported lines have shown. */
export interface LinesVerdict {
  entries: number;
  problems: number;
  first: AuditMark | null;
  last: AuditMark | null;
  /** Whether the expected mark was among them. */
  isCompared: boolean;
}

/**
 * Checks exported entries as their lines come, oldest first: that each is what its hash was made from, that each follows the one before,
 * and that the one which somebody remembers is what it was.
 *
 * @param options.hasGaps - the export left out entries that nobody asked for, so numbers may be missing.
 */
export async function verifyLines(
  lines: AsyncIterable<string> | Iterable<string>,
  options: { expected?: AuditMark | undefined; hasGaps?: boolean; onProblem: (found: AuditProblem) => void },
): Promise<LinesVerdict> {
  const { expected, hasGaps = false, onProblem } = options;
  const verdict: LinesVerdict = { entries: 0, problems: 0, first: null, last: null, isCompared: false };
  const report = (seq: number, problem: string): void => {
    verdict.problems += 1;
    onProblem({ seq, problem });
  };
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === '') continue;
    const { last } = verdict;
    const entry = entryIn(line);
    if (entry === null) {
      report((last?.seq ?? 0) + 1, `Line ${number} is no entry of an export.`);
      continue;
    }
    const { seq, hash, previousHash } = entry;
    if (last !== null && seq <= last.seq) {
      report(
        seq,
        `Line ${number} stands behind entry ${last.seq}: expected entries oldest first, each once.`,
      );
      continue;
    }
    if (auditHash(previousHash ?? '', entry) !== hash) report(seq, 'The entry is not what was written.');
    if (last !== null && seq === last.seq + 1 && previousHash !== last.hash) {
      report(seq, 'The entry does not follow the one before it.');
    }
    if (last !== null && seq > last.seq + 1 && !hasGaps) {
      report(
        last.seq + 1,
        seq === last.seq + 2 ? 'The entry is missing.' : `Entries up to ${seq - 1} are missing.`,
      );
    }
    const compared = expected?.seq === seq ? hash : expected?.seq === seq - 1 ? previousHash : undefined;
    if (compared !== undefined && !verdict.isCompared) {
      verdict.isCompared = true;
      if (expected?.hash !== compared)
        report(expected?.seq ?? seq, 'The entry has another hash than the one that was kept elsewhere.');
    }
    verdict.first ??= { seq, hash };
    verdict.last = { seq, hash };
    verdict.entries += 1;
  }
  return verdict;
}

function entryIn(line: string): ReturnType<typeof fromAuditRecord> | null {
  try {
    return fromAuditRecord(AuditRecord.parse(JSON.parse(line)));
  } catch {
    return null;
  }
}
