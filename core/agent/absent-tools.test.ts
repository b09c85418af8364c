import { expect, it } from 'vitest';
import { absentToolWarnings } from './absent-tools.ts';
import { resolveTools } from './resolve-tools.ts';

const absent = new Map([
  ['web_search', 'no search engine is configured.'],
  ['bash', 'there is no sandbox.'],
  ['execute_code', 'there is no sandbox.'],
]);

it('names the enabled tools that an installation lacks, by reason', () => {
  const tools = resolveTools([
    { type: 'agent_toolset_20260401' },
    { type: 'code_toolset_20261101' },
    { type: 'custom', name: 'bash', description: 'Our own', input_schema: { type: 'object' } },
  ]);
  expect(absentToolWarnings(tools, absent)).toEqual([
    'The model is not offered bash, execute_code: there is no sandbox.',
    'The model is not offered web_search: no search engine is configured.',
  ]);
});

it('says nothing of tools that the agent has switched off, or that are there', () => {
  const tools = resolveTools([
    {
      type: 'agent_toolset_20260401',
      default_config: { enabled: false },
      configs: [
        { name: 'bash', enabled: false },
        { name: 'read', enabled: true },
      ],
    },
  ]);
  expect(absentToolWarnings(tools, absent)).toEqual([]);
  expect(absentToolWarnings(resolveTools([{ type: 'agent_toolset_20260401' }]), new Map())).toEqual([]);
});
