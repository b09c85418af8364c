import { describe, expect, it } from 'vitest';
import type { ModelResponse, ResponseBlock } from '../../providers/model/model-provider.ts';
import type { BlockIds } from './block-ids.ts';
import type { ToolVerdict } from './permission.ts';
import { responseEvents } from './response-events.ts';

const vendor = { provider: 'demo', callId: 'call_0' };
const opaque = { type: 'opaque' as const, provider: 'demo', data: { signature: 's' } };
const allow: ToolVerdict = { kind: 'run', permission: 'allow', evaluation: { type: 'always_allow' } };
const nothing = { thinking: [], text: [] };

function counter() {
  let next = 0;
  return { event: () => `new_${++next}` };
}
function events(blocks: ResponseBlock[], previewed: BlockIds = nothing) {
  return responseEvents({ blocks, stop: 'end_turn' }, previewed, () => allow, counter());
}

describe('the events of a response', () => {
  it('makes one message of text blocks that follow each other, and another behind a tool use', () => {
    const { events: made } = events([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
      { type: 'tool_use', name: 'bash', input: {}, vendor },
      { type: 'text', text: 'c' },
    ]);
    expect(made.map((event) => event.body)).toEqual([
      {
        type: 'agent.message',
        id: 'new_1',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      expect.objectContaining({ type: 'agent.tool_use', id: 'new_2' }),
      { type: 'agent.message', id: 'new_3', content: [{ type: 'text', text: 'c' }] },
    ]);
  });

  it('leaves out the half of a character that a cut leaves, with which the model goes on', () => {
    const cut = (text: string, stop: ModelResponse['stop']): unknown =>
      responseEvents({ blocks: [{ type: 'text', text }], stop }, nothing, () => allow, counter()).events[0]
        ?.body['content'];
    expect(cut('So \uD83D', 'max_tokens')).toEqual([{ type: 'text', text: 'So ' }]);
    expect(cut('So \uFFFD\uFFFD', 'context_overflow')).toEqual([{ type: 'text', text: 'So ' }]);
    expect(cut('So \u{1F5FE}', 'max_tokens')).toEqual([{ type: 'text', text: 'So \u{1F5FE}' }]);
    expect(cut('So \uFFFD', 'end_turn')).toEqual([{ type: 'text', text: 'So \uFFFD' }]);
  });

  it('gives events the ids under which they were previewed', () => {
    const { events: made } = events(
      [
        { type: 'thinking', opaque },
        { type: 'text', text: 'a' },
        { type: 'text', text: '' },
        { type: 'text', text: 'b' },
      ],
      { thinking: ['shown_1'], text: ['shown_2', 'shown_2'] },
    );
    expect(made.map((event) => event.id)).toEqual(['shown_1', 'shown_2']);
  });

  it('keeps two previewed messages apart when the call between them was cut off', () => {
    const { events: made } = events(
      [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
      { thinking: [], text: ['shown_1', 'shown_2'] },
    );
    expect(made.map((event) => event.id)).toEqual(['shown_1', 'shown_2']);
  });

  it('shows nothing of thinking to clients and keeps what the vendor needs', () => {
    const { events: made } = events([
      { type: 'thinking', opaque },
      { type: 'text', text: 'a' },
    ]);
    expect(made.slice(0, 1)).toEqual([
      {
        id: 'new_1',
        type: 'agent.thinking',
        body: { id: 'new_1', type: 'agent.thinking' },
        detail: opaque,
      },
    ]);
  });

  it('makes nothing of empty text', () => {
    expect(events([{ type: 'text', text: '' }]).events).toEqual([]);
  });

  it('says on a tool use what was decided about it', () => {
    const verdicts: Record<string, ToolVerdict> = {
      bash: allow,
      write: { kind: 'ask', permission: 'ask', evaluation: { type: 'always_ask' } },
      mine: { kind: 'custom' },
      other: { kind: 'refused', permission: 'deny', text: 'no such tool' },
    };
    const { events: made, toolUses } = responseEvents(
      {
        blocks: Object.keys(verdicts).map((name) => ({ type: 'tool_use', name, input: { a: 1 }, vendor })),
        stop: 'tool_use',
      },
      nothing,
      (name) => verdicts[name] ?? allow,
      counter(),
    );
    expect(made.map(({ body }) => body)).toEqual([
      {
        id: 'new_1',
        type: 'agent.tool_use',
        name: 'bash',
        input: { a: 1 },
        evaluated_permission: 'allow',
        evaluation: { type: 'always_allow' },
      },
      {
        id: 'new_2',
        type: 'agent.tool_use',
        name: 'write',
        input: { a: 1 },
        evaluated_permission: 'ask',
        evaluation: { type: 'always_ask' },
      },
      { id: 'new_3', type: 'agent.custom_tool_use', name: 'mine', input: { a: 1 } },
      { id: 'new_4', type: 'agent.tool_use', name: 'other', input: { a: 1 }, evaluated_permission: 'deny' },
    ]);
    expect(made.every((event) => event.detail !== undefined)).toBe(true);
    expect(toolUses.map(({ verdict }) => verdict.kind)).toEqual(['run', 'ask', 'custom', 'refused']);
  });

  it('keeps no thinking for the vendor that was cut off, or that nothing came of', () => {
    const detailsOf = (blocks: ResponseBlock[], stop: ModelResponse['stop']) =>
      responseEvents({ blocks, stop }, nothing, () => allow, counter()).events.map(({ detail }) => detail);
    const thinking: ResponseBlock = { type: 'thinking', opaque };
    const said: ResponseBlock = { type: 'text', text: 'a' };
    expect(detailsOf([thinking, said, { ...thinking }], 'max_tokens')).toEqual([
      opaque,
      undefined,
      undefined,
    ]);
    expect(detailsOf([thinking, said, { ...thinking }], 'end_turn')).toEqual([opaque, undefined, opaque]);
    expect(detailsOf([thinking], 'max_tokens')).toEqual([undefined]);
    expect(detailsOf([thinking, { type: 'text', text: ' ' }], 'end_turn')).toEqual([undefined, undefined]);
  });

  it('says to the model that a limit cut its call off, and which', () => {
    const textOf = (stop: ModelResponse['stop']) => {
      const blocks: ResponseBlock[] = [
        { type: 'tool_use', name: 'write', input: null, rawInput: '{"a', vendor },
      ];
      const [use] = responseEvents({ blocks, stop }, nothing, () => allow, counter()).toolUses;
      return use?.verdict.kind === 'refused' ? use.verdict.text : '';
    };
    expect(textOf('max_tokens')).toContain('The output limit cut this call off');
    expect(textOf('context_overflow')).toContain('The end of the context window cut this call off');
    expect(textOf('tool_use')).toContain('not a complete JSON object');
  });

  it('refuses a call whose arguments are no object, also of a custom tool', () => {
    const { events: made, toolUses } = responseEvents(
      {
        blocks: [{ type: 'tool_use', name: 'mine', input: null, rawInput: '[1, 2\ud800', vendor }],
        stop: 'tool_use',
      },
      nothing,
      () => ({ kind: 'custom' }),
      counter(),
    );
    expect(made[0]?.body).toEqual({
      id: 'new_1',
      type: 'agent.tool_use',
      name: 'mine',
      input: {},
      evaluated_permission: 'deny',
    });
    expect(toolUses[0]?.verdict).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('[1, 2\ufffd'),
    });
  });

  it('makes text, names and arguments well-formed, and refuses arguments that are nested too deeply', () => {
    let deep: { a: typeof deep } | Record<string, never> = {};
    for (let depth = 0; depth < 5_000; depth++) deep = { a: deep };
    const { events: made, toolUses } = events([
      { type: 'text', text: 'half \ud83d' },
      { type: 'tool_use', name: 'ba\udc00sh', input: { 'k\ud800': ['v\udfff', null, 3] }, vendor },
      { type: 'tool_use', name: 'bash', input: deep, vendor },
    ]);
    expect(made[0]?.body).toMatchObject({ content: [{ text: 'half \ufffd' }] });
    expect(made[1]?.body).toMatchObject({ name: 'ba\ufffdsh', input: { 'k\ufffd': ['v\ufffd', null, 3] } });
    expect(made[2]?.body).toMatchObject({ input: {} });
    expect(toolUses.map(({ verdict }) => verdict.kind)).toEqual(['run', 'refused']);
  });
});
