import { describe, expect, it } from 'vitest';
import { compareJournals } from './compare-journals.ts';
import { headOfLog } from './head-of-log.ts';
import { rebuildJournal, type HistoryFact, type RebuiltRow } from './rebuild-journal.ts';

function accepted(id: string, arrival: number, seq: number | null = null): HistoryFact {
  return { kind: 'accepted', id, arrival, type: 'user.message', seq, body: { id } };
}

function journaled(id: string, seq: number, parts: Partial<RebuiltRow> = {}): HistoryFact {
  const { arrival = null, type = 'agent.message', stepKey = 't/1', detail = null, body = { id } } = parts;
  return { kind: 'journaled', id, seq, arrival, type, stepKey, detail, body, processedAt: 100 + seq };
}

function log(...entries: [type: string, parts?: Partial<RebuiltRow>][]): RebuiltRow[] {
  return entries.map(([type, parts], index) => ({
    id: `e${index + 1}`,
    seq: index + 1,
    arrival: null,
    type,
    body: {},
    detail: null,
    stepKey: 't/1',
    processedAt: index,
    ...parts,
  }));
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

describe('the state that a log tells', () => {
  it('owes an answer after a message, none after a final one', () => {
    const start = log(['session.status_running'], ['user.message'], ['span.model_request_start']);
    expect(headOfLog(start, 't')).toMatchObject({ status: 'running', owed: true, step: 0, lastSeq: 3 });
    const end = log(
      ['user.message'],
      ['agent.message'],
      ['span.model_request_end', { body: { is_error: false } }],
      ['session.status_idle', { body: { stop_reason: { type: 'end_turn' } } }],
    );
    expect(headOfLog(end, 't')).toMatchObject({
      status: 'idle',
      stop: { type: 'end_turn' },
      owed: false,
      step: 1,
    });
  });

  it('knows who is to answer each call, and what was said', () => {
    const rows = log(
      ['agent.tool_use', { body: { name: 'bash', input: { command: 'ls' }, evaluated_permission: 'ask' } }],
      ['agent.custom_tool_use', { body: { name: 'lookup', input: {} } }],
      ['agent.tool_use', { body: { name: 'rm', input: {}, evaluated_permission: 'deny' } }],
      ['span.model_request_end', { body: { is_error: false } }],
      ['user.custom_tool_result', { body: { custom_tool_use_id: 'e2' }, arrival: 4 }],
      [
        'user.tool_confirmation',
        { body: { tool_use_id: 'e1', result: 'deny', deny_message: 'no' }, seq: null },
      ],
    );
    const { calls, owed, lastArrival } = headOfLog(rows, 't');
    expect(calls).toMatchObject([
      { id: 'e1', label: 'bash · ls', kind: 'ask', answer: 'deny', denyMessage: 'no', resolved: false },
      { id: 'e2', kind: 'custom', resolved: true },
    ]);
    expect(owed).toBe(true);
    expect(lastArrival).toBe(4);
  });
});
