import { describe, expect, it } from 'vitest';
import type { Json } from '../json.ts';
import type { UsageTotals } from '../journal/view.ts';
import { headOfLog } from './head-of-log.ts';
import { rebuildJournal, type RebuiltRow } from './rebuild-journal.ts';

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

  it('goes on owing an answer after a summary, and after the repeated result of a custom tool does not begin to', () => {
    const compacted = log(
      ['user.message'],
      ['agent.thread_context_compacted'],
      ['span.model_request_end', { body: { is_error: false } }],
    );
    expect(headOfLog(compacted, 't')).toMatchObject({ owed: true, step: 1 });
    const result = { body: { custom_tool_use_id: 'e1' }, stepKey: null };
    const repeated = log(
      ['agent.custom_tool_use', { body: { name: 'lookup', input: {} } }],
      ['user.custom_tool_result', result],
      ['agent.message', { stepKey: 't/2' }],
      ['span.model_request_end', { body: { is_error: false }, stepKey: 't/2' }],
      ['user.custom_tool_result', result],
    );
    expect(headOfLog(repeated, 't').owed).toBe(false);
  });

  it('owes the rest of an answer that was cut off, and remembers how often one was', () => {
    const detail = spent({ cut: { cause: 'output_limit', part: 'text' } });
    const cut: [string, Partial<RebuiltRow>] = [
      'span.model_request_end',
      { body: { is_error: false }, detail },
    ];
    const rows = log(['user.message'], ['span.model_request_start'], cut, ['span.model_request_start'], cut);
    expect(headOfLog(rows, 't')).toMatchObject({
      owed: true,
      turn: { cut: { cause: 'output_limit', part: 'text', times: 2 } },
    });
  });

  it('remembers the turn under way: rounds, and the models that failed', () => {
    const digests = { calls: ['a', 'a'], round: 'r' };
    const rows = log(
      ['user.message'],
      ['session.error', { body: { error: { fallback_model: 'two' } }, detail: { failed: 'one' } }],
      ['agent.tool_use', { body: { name: 'bash', input: {} } }],
      ['span.model_request_end', { body: { is_error: false }, detail: spent({ digests }) }],
    );
    expect(headOfLog(rows, 't').turn).toEqual({
      rounds: 1,
      lastCall: 'a',
      calls: 2,
      lastRound: 'r',
      sameRounds: 1,
      cut: null,
      detour: { failed: ['one'], model: 'two' },
    });
    const ended = [
      ...rows,
      ...log(['session.status_idle', { seq: 5, body: { stop_reason: { type: 'end_turn' } } }]),
    ];
    expect(headOfLog(ended, 't').turn).toMatchObject({ rounds: 0, detour: null });
  });

  it('adds up what requests used and how long the session ran', () => {
    const rows = log(
      ['session.status_running', { processedAt: 1_000 }],
      ['span.model_request_end', { body: { is_error: true }, processedAt: 1_500 }],
      ['span.model_request_end', { detail: spent({ priced: false }), processedAt: 2_000 }],
      ['span.model_request_end', { detail: spent({}), processedAt: 3_000 }],
    );
    const usage: UsageTotals = { ...USAGE };
    for (const field of Object.keys(usage) as (keyof UsageTotals)[]) usage[field] *= 2;
    expect(headOfLog(rows, 't').totals).toEqual({ usage, unpriced: true, activeMs: 0, runningSince: 1_000 });
    const idle = log(['session.status_idle', { seq: 5, processedAt: 3_400 }]);
    expect(headOfLog([...rows, ...idle], 't').totals).toMatchObject({ activeMs: 2_400, runningSince: null });
  });

  it('believes what an idle showed to clients where rows are missing', () => {
    const usage = {
      input_tokens: 10,
      output_tokens: 20,
      cache_read_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 40, ephemeral_1h_input_tokens: 50 },
      active_seconds: 7,
      list_cost: { amount: '3', currency: 'USD' },
    };
    const budget = { type: 'limit', max_list_cost: { amount: '9', currency: 'USD' } };
    const rows = log(
      ['span.model_request_end', { processedAt: 1_000 }],
      ['session.usage', { body: { usage, budget }, processedAt: 8_000 }],
      ['span.model_request_end', { detail: spent({}), processedAt: 9_000 }],
    );
    expect(headOfLog(rows, 't')).toMatchObject({
      budget,
      totals: {
        usage: { input_tokens: 11, cache_creation_1h_input_tokens: 55, list_cost_nano_usd: 3e7 + 6 },
        unpriced: false,
        activeMs: 7_000,
      },
    });
  });

  it('takes from histories what leaves no trace in the log', () => {
    const { rows, state } = rebuildJournal([
      { kind: 'accepted', id: 'i', arrival: 4, type: 'internal.budget', seq: null, body: {} },
      { kind: 'ended', step: 3, outcome: { kind: 'settled', more: true, calls: [], arrived: 0, kill: [] } },
      { kind: 'ended', step: 4, outcome: { kind: 'interrupted', consumed: false, arrival: 2 } },
      {
        kind: 'ended',
        step: 2,
        outcome: { kind: 'tools', calls: [{ id: 'u', state: 'run', label: 'bash · x' }] },
      },
      { kind: 'ended', step: null, outcome: { kind: 'result', toolUseId: 'u', isError: false } },
    ]);
    expect(rows).toEqual([]);
    const use = log(['agent.tool_use', { id: 'u', body: { name: 'bash', input: {} }, stepKey: 't/2' }]);
    expect(headOfLog(use, 't', state)).toMatchObject({
      step: 3,
      lastArrival: 4,
      calls: [{ id: 'u', label: 'bash · x' }],
    });
  });
});

const USAGE: UsageTotals = {
  input_tokens: 1,
  output_tokens: 2,
  cache_read_input_tokens: 3,
  cache_creation_5m_input_tokens: 4,
  cache_creation_1h_input_tokens: 5,
  list_cost_nano_usd: 6,
};

/** The detail of a request's end. */
function spent(said: { priced?: boolean; digests?: Json; cut?: Json }): Json {
  return { usage: { ...USAGE }, priced: true, digests: null, ...said };
}
