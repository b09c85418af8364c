import { expect, it } from 'vitest';
import { EXTRA_TOOLSETS } from '../../core/schema/extra-toolsets.ts';
import { BUILT_IN_TOOLS } from '../../core/schema/agent-toolset.ts';
import { TOOLSETS } from './toolset-names.ts';

it('the toolsets of the form are those of the API, with the same tools in the same order', () => {
  const shown = Object.fromEntries(TOOLSETS.map(({ type, tools }) => [type, tools]));
  expect(shown).toEqual({ agent_toolset_20260401: BUILT_IN_TOOLS, ...EXTRA_TOOLSETS });
});
