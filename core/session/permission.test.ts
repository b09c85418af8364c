import { describe, expect, it } from 'vitest';
import { judgeToolUse, type AgentTools } from './permission.ts';

const builtIn = (toolset: string) => (toolset === 'agent_toolset_20260401' ? ['bash', 'read'] : []);

type Policy = 'always_allow' | 'always_ask' | 'auto';

/** The built-in tools with this default policy; `bash` may be configured by itself. */
function toolset(fallback: Policy, bash?: { enabled: boolean; policy: Policy }): AgentTools {
  const configs = bash
    ? [
        {
          type: 'bash' as const,
          name: 'bash' as const,
          enabled: bash.enabled,
          permission_policy: { type: bash.policy },
        },
      ]
    : [];
  return [
    {
      type: 'agent_toolset_20260401',
      default_config: { enabled: true, permission_policy: { type: fallback } },
      configs,
    },
  ];
}

const custom: AgentTools = [
  { type: 'custom', name: 'lookup', description: '', input_schema: { type: 'object' } },
];

describe('the judgement about a tool use', () => {
  it('runs, asks, or asks for want of a judge, as the policy says', () => {
    expect(judgeToolUse(toolset('always_allow'), 'bash', builtIn)).toMatchObject({ kind: 'run' });
    expect(judgeToolUse(toolset('always_ask'), 'bash', builtIn)).toMatchObject({ kind: 'ask' });
    expect(judgeToolUse(toolset('auto'), 'bash', builtIn)).toMatchObject({
      kind: 'ask',
      evaluation: { type: 'auto', evaluated_permission: { type: 'ask' } },
    });
  });

  it('prefers what is said about the tool to the default', () => {
    const tools = toolset('always_allow', { enabled: true, policy: 'always_ask' });
    expect(judgeToolUse(tools, 'bash', builtIn).kind).toBe('ask');
    expect(judgeToolUse(tools, 'read', builtIn).kind).toBe('run');
  });

  it('refuses disabled and unknown tools, and tools of an agent that has none', () => {
    const tools = toolset('always_allow', { enabled: false, policy: 'always_allow' });
    expect(judgeToolUse(tools, 'bash', builtIn).kind).toBe('refused');
    expect(judgeToolUse(tools, 'rm', builtIn)).toMatchObject({ kind: 'refused', permission: 'deny' });
    expect(judgeToolUse([], 'bash', builtIn).kind).toBe('refused');
  });

  it('leaves the client’s own tools to the client', () => {
    expect(judgeToolUse(custom, 'lookup', builtIn)).toEqual({ kind: 'custom' });
  });
});
