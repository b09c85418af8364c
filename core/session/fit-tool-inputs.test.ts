import { describe, expect, it } from 'vitest';
import type { ResponseBlock } from '../../providers/model/model-provider.ts';
import type { JsonObject } from '../json.ts';
import { toolInputs } from './fit-tool-inputs.ts';

const inputs = toolInputs([
  {
    name: 'lookup',
    description: 'd',
    input_schema: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city'],
    },
  },
  { name: 'now', description: 'd', input_schema: { type: 'object' } },
  { name: 'odd', description: 'd', input_schema: { type: 'object', properties: { x: 'string' } } },
]);

const call = (name: string, input: JsonObject | null): ResponseBlock => ({
  type: 'tool_use',
  name,
  input,
  vendor: { provider: 'openai', callId: null },
});

describe('the inputs of calls', () => {
  it('are put into the form that the schema asks for, whatever the schema is', () => {
    const blocks = [
      call('lookup', { city: 'Oslo', days: null }),
      call('lookup', { city: 'Oslo', days: '3' }),
      call('odd', { x: { a: null } }),
      call('nobody', { a: null }),
      call('lookup', null),
      { type: 'text' as const, text: 'x' },
    ];
    expect(inputs.fitted(blocks).map((block) => ('input' in block ? block.input : block.type))).toEqual([
      { city: 'Oslo' },
      { city: 'Oslo', days: 3 },
      { x: { a: null } },
      { a: null },
      null,
      'text',
    ]);
  });

  it('are not handed to the client where they are empty and the tool needs some', () => {
    const custom = { kind: 'custom' } as const;
    expect(inputs.checked('lookup', {}, custom)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('lookup needs "city"') as string,
    });
    expect(inputs.checked('lookup', { days: 3 }, custom)).toBe(custom);
    expect(inputs.checked('now', {}, custom)).toBe(custom);
    const run = { kind: 'run', permission: 'allow', evaluation: { type: 'always_allow' } } as const;
    expect(inputs.checked('lookup', {}, run)).toBe(run);
  });
});
