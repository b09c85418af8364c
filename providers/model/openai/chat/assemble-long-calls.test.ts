import { describe, expect, it } from 'vitest';
import { createCallAssembler } from './assemble-calls.ts';

const OFFERED = new Set(['bash']);
const call = (name?: string, input?: unknown) => ({ function: { name, arguments: input } });

describe('the pieces of tool calls, seen while they come', () => {
  it('marks a call of the same tool at the same place that never gets arguments', () => {
    const assembler = createCallAssembler(OFFERED);
    assembler.add({ index: 0, id: 'a', ...call('bash', '{"command":"ls"}') });
    assembler.endDelta();
    expect(assembler.add({ index: 0, id: 'b', ...call('bash', '') })?.call.isDoubtful).toBe(true);
    assembler.endDelta();
    const last = assembler.add({ index: 0, ...call(undefined, '{"command":"pwd"}') });
    expect(last).toMatchObject({ begins: false, call: { id: 'b', json: '{"command":"pwd"}' } });
    expect(last?.call.isDoubtful).toBeUndefined();
  });

  // Where each piece had the whole text read again, this would take minutes.
  it('takes arguments of a megabyte in a quarter of a million pieces', () => {
    const assembler = createCallAssembler(OFFERED);
    const text = JSON.stringify({ command: 'ab}\n'.repeat(200_000) });
    let last = assembler.add({ index: 0, id: 'a', ...call('bash', '') });
    for (let at = 0; at < text.length; at += 4) {
      last = assembler.add({ index: 0, ...call('bash', text.slice(at, at + 4)) });
      assembler.endDelta();
    }
    expect(assembler.areWhole).toBe(true);
    expect(last?.call.json).toBe(text);
  }, 60_000);
});
