import { describe, expect, it } from 'vitest';
import type { Agent } from '../service/wire.ts';
import { draftOf, NEW_AGENT, paramsOf } from './agent-draft.ts';

const policy = (type: string) => ({ enabled: true, permission_policy: { type } });
const agent = {
  name: 'A',
  description: null,
  system: 'Be brief.',
  model: { id: 'demo', effort: { type: 'high' }, speed: 'fast' },
  tools: [
    {
      type: 'agent_toolset_20260401',
      default_config: policy('always_allow'),
      configs: [
        { name: 'bash', type: 'bash', ...policy('always_ask') },
        { name: 'web_fetch', type: 'web_fetch', ...policy('always_allow'), allowed_domains: ['example.com'] },
      ],
    },
    { type: 'custom', name: 'weather', description: 'x', input_schema: { type: 'object' } },
  ],
  mcp_servers: [],
  skills: [{ type: 'custom', skill_id: 'skill_1', version: 'latest' }],
} as unknown as Agent;

describe('the form of an agent', () => {
  it('shows every tool as it is, whether by itself or by default', () => {
    const { tools } = draftOf(agent);
    expect([tools['bash'], tools['read'], tools['browser_click']]).toEqual([
      'always_ask',
      'always_allow',
      'off',
    ]);
  });

  it('gives back what it does not show', () => {
    const params = paramsOf({ ...draftOf(agent), tools: { ...draftOf(agent).tools, read: 'off' } }, agent);
    const [toolset, custom] = params.tools as unknown as { configs: { name: string }[] }[];
    expect(toolset?.configs.map(({ name }) => name)).not.toContain('read');
    expect(toolset?.configs.find(({ name }) => name === 'web_fetch')).toMatchObject({
      allowed_domains: ['example.com'],
    });
    expect(custom).toMatchObject({ type: 'custom', name: 'weather' });
    expect(params).toMatchObject({ description: null, skills: [{ skill_id: 'skill_1', version: 'latest' }] });
  });

  it('keeps the settings of its model, and gives them up with the model', () => {
    const draft = draftOf(agent);
    expect(paramsOf(draft, agent).model).toEqual({ id: 'demo', effort: 'high', speed: 'fast' });
    expect(paramsOf({ ...draft, model: 'other', effort: '' }, agent).model).toEqual({
      id: 'other',
      effort: null,
    });
  });

  it('goes back to the effort of the model', () => {
    expect(paramsOf({ ...draftOf(agent), effort: '' }, agent).model).toMatchObject({ effort: null });
  });

  it('leaves out toolsets of which nothing is on', () => {
    const params = paramsOf({ ...NEW_AGENT, name: 'N', model: 'demo' }, null);
    expect(params.tools).toMatchObject([{ type: 'agent_toolset_20260401' }]);
  });

  it('says which field holds no JSON', () => {
    expect(() => paramsOf({ ...NEW_AGENT, mcpServers: '[{' }, null)).toThrow(
      /^MCP servers: this is no valid JSON/,
    );
    expect(() => paramsOf({ ...NEW_AGENT, otherTools: '{}' }, null)).toThrow('Other tools: expected a list');
  });
});
