import { describe, expect, it } from 'vitest';
import { compareJournals } from './compare-journals.ts';
import { rebuildJournal, type HistoryFact, type RebuiltRow } from './rebuild-journal.ts';

function accepted(id: string, arrival: number, seq: number | null = null): HistoryFact {
  return { kind: 'accepted', id, arrival, type: 'user.message', seq, body: { id } };
}

function journaled(id: string, seq: number, parts: Partial<RebuiltRow> = {}): HistoryFact {
  const { arrival = null, type = 'agent.message', stepKey = 't/1', detail = null, body = { id } } = parts;
  return { kind: 'journaled', id, seq, arrival, type, stepKey, detail, body, processedAt: 100 + seq };
}

describe('the journal rebuilt from history', () => {
  it('puts together what signals and reports tell, in any order and however often', () => {
    const facts = [
      journaled('e2', 2),
      accepted('m1', 1),
      journaled('m1', 1, { arrival: 1 }),
      accepted('m2', 2),
    ];
    const { rows, conflicts } = rebuildJournal([...facts, ...facts].reverse());
    expect(conflicts).toEqual([]);
    expect(rows.map(({ id, seq, arrival, processedAt }) => [id, seq, arrival, processedAt])).toEqual([
      ['m1', 1, 1, 101],
      ['e2', 2, null, 102],
      ['m2', null, 2, null],
    ]);
  });

  it('names what histories tell in two ways', () => {
    expect(rebuildJournal([journaled('a', 1), journaled('a', 2)]).conflicts).toHaveLength(1);
    expect(rebuildJournal([journaled('a', 1), journaled('b', 1)]).conflicts).toEqual([
      'a and b have the same seq 1',
    ]);
  });

  it('differs from a journal that lacks a row, holds another, or knows more than a step told', () => {
    const { rows } = rebuildJournal([journaled('a', 1), journaled('b', 2), accepted('c', 1)]);
    const [a, b, c] = rows as [RebuiltRow, RebuiltRow, RebuiltRow];
    expect(compareJournals(rows, rows)).toEqual({ missing: [], different: [], unknown: [] });
    expect(compareJournals(rows, [a, { ...c, seq: 3, stepKey: 't/2', processedAt: 5 }]).missing).toEqual([b]);
    expect(compareJournals(rows, [a, { ...b, body: { other: 1 } }, c]).different).toEqual(['b']);
    expect(compareJournals([a], [a, b]).unknown).toEqual(['b']);
    expect(compareJournals([a], [a, { ...b, stepKey: null }]).unknown).toEqual([]);
  });
});
