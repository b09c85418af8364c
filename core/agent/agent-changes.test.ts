import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createModelCatalog } from '../models/model-catalog.ts';
import { AgentCreate, AgentUpdate, type ToolParams } from '../schema/agent.ts';
import { changedAgentSpec, newAgentSpec } from './agent-changes.ts';

const models = createModelCatalog({ settings: [], usable: ['anthropic', 'openai'] });
const make = (fields: object) =>
  newAgentSpec(AgentCreate.parse({ model: 'claude-opus-5-5', name: 'A', ...fields }), models);
const change = (stored: ReturnType<typeof make>, fields: object) =>
  changedAgentSpec(stored, AgentUpdate.parse(fields), models);
const toolset = (configs: object[], defaults: object = {}) => ({
  tools: [{ type: 'agent_toolset_20260401', default_config: defaults, configs }] as ToolParams[],
});
const configsOf = (spec: ReturnType<typeof make>) => {
  const [tool] = spec.tools;
  return tool?.type === 'agent_toolset_20260401' ? tool.configs : [];
};

describe('a new agent', () => {
  it('has every tool resolved: the entry, else the default of the set, else the default of the API', () => {
    const spec = make(
      toolset(
        [
          { name: 'bash' },
          { name: 'read', enabled: true, permission_policy: { type: 'auto' } },
          { name: 'write', enabled: null },
        ],
        {
          enabled: false,
          permission_policy: { type: 'always_ask' },
        },
      ),
    );
    expect(configsOf(spec)).toEqual([
      { name: 'bash', type: 'bash', enabled: false, permission_policy: { type: 'always_ask' } },
      { name: 'read', type: 'read', enabled: true, permission_policy: { type: 'auto' } },
      { name: 'write', type: 'write', enabled: false, permission_policy: { type: 'always_ask' } },
    ]);
    const mcp = make({
      tools: [{ type: 'mcp_toolset', mcp_server_name: 's' }],
      mcp_servers: [{ type: 'url', name: 's', url: 'https://s.example/mcp' }],
    });
    expect(mcp.tools[0]).toEqual({
      type: 'mcp_toolset',
      mcp_server_name: 's',
      default_config: { enabled: true, permission_policy: { type: 'always_ask' } },
      configs: [],
    });
  });

  it('has the sources of web_fetch spelled out', () => {
    const spec = make({
      tools: [
        {
          type: 'agent_toolset_20260401',
          configs: [
            {
              name: 'web_fetch',
              allowed_domains: ['docs.example.com'],
              url_sources: {
                user_input: 'none',
                client_tool_results: { type: 'only', tools: [{ type: 'tool_reference', name: 'c' }] },
              },
            },
          ],
        },
        { type: 'custom', name: 'c', description: 'c', input_schema: { type: 'object' } },
      ],
    });
    expect(configsOf(spec)[0]).toMatchObject({
      allowed_domains: ['docs.example.com'],
      url_sources: {
        user_input: { type: 'none' },
        client_tool_results: { type: 'only', tools: [{ type: 'tool_reference', name: 'c' }] },
        server_tool_results: null,
      },
    });
    expect(configsOf(make(toolset([{ name: 'web_fetch' }])))[0]).toMatchObject({ url_sources: null });
  });

  it.each([
    [
      toolset([
        {
          name: 'web_fetch',
          url_sources: { user_input: 'none', client_tool_results: 'none', server_tool_results: 'none' },
        },
      ]),
    ],
    [
      toolset([
        {
          name: 'web_fetch',
          url_sources: {
            client_tool_results: { type: 'only', tools: [{ type: 'tool_reference', name: 'c' }] },
          },
        },
      ]),
    ],
    [
      toolset([
        {
          name: 'web_fetch',
          url_sources: {
            server_tool_results: { type: 'except', tools: [{ type: 'tool_reference', name: 'bash' }] },
          },
        },
      ]),
    ],
    [
      {
        tools: Array.from({ length: 249 }, (_, index) => ({
          type: 'custom',
          name: `t${index}`,
          description: 'x',
          input_schema: { type: 'object' },
        })).concat(toolset([]).tools as never),
      },
    ],
    [
      {
        tools: [1, 2].map(() => ({
          type: 'custom',
          name: 'twice',
          description: 'x',
          input_schema: { type: 'object' },
        })),
      },
    ],
  ])('is refused when its parts do not fit together: %#', (fields) => {
    expect(() => make(fields)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it('has no custom tool by the name of a tool of its other toolsets', () => {
    const custom = {
      type: 'custom',
      name: 'execute_code',
      description: 'x',
      input_schema: { type: 'object' },
    };
    expect(() => make({ tools: [custom, { type: 'code_toolset_20261101' }] })).toThrow(
      'tools.0.name: "execute_code" is a tool of another toolset of this agent',
    );
    expect(make({ tools: [custom, { type: 'browser_toolset_20261101' }] }).tools).toHaveLength(2);
  });

  it('is refused for what this service does not offer, rather than made without it', () => {
    expect(() => make({ multiagent: { type: 'coordinator', agents: ['self'] } })).toThrow(
      expect.objectContaining({ code: 'not_implemented' }),
    );
    expect(() => make({ model: { id: 'claude-opus-5-5', inference_geo: 'eu' } })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
});

describe('a changed agent', () => {
  it('is the same when it is told what it says already, in whatever form', () => {
    const stored = make({ description: 'd', metadata: { a: '1', b: '2' }, ...toolset([{ name: 'bash' }]) });
    expect(change(stored, {})).toBeNull();
    expect(change(stored, { name: 'A', model: { id: 'claude-opus-5-5' }, description: 'd' })).toBeNull();
    expect(
      change(stored, { metadata: { b: '2', c: null }, execution_identity: { type: 'service_account' } }),
    ).toBeNull();
    expect(change(stored, toolset([{ name: 'bash', type: 'bash', enabled: true }]))).toBeNull();
  });

  it('keeps what is left out, whatever is changed', () => {
    const stored = make({ description: 'd', system: 's', metadata: { a: '1' }, ...toolset([]) });
    const fields = fc.record(
      {
        name: fc.string({ minLength: 1, maxLength: 10 }),
        description: fc.option(fc.string({ maxLength: 10 })),
        system: fc.option(fc.string({ maxLength: 10 })),
        tools: fc.constantFrom(null, [], toolset([{ name: 'grep' }]).tools),
        metadata: fc.dictionary(fc.constantFrom('a', 'b'), fc.option(fc.string({ maxLength: 3 }))),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fields, (params) => {
        const changed = change(stored, params) ?? stored;
        for (const key of ['name', 'description', 'system', 'tools', 'metadata'] as const) {
          if (!(key in params)) expect(changed[key]).toEqual(stored[key]);
        }
        expect(change(changed, params)).toBeNull();
      }),
    );
  });

  it('checks the whole, not only what changed', () => {
    const stored = make({
      tools: [{ type: 'mcp_toolset', mcp_server_name: 's' }],
      mcp_servers: [{ type: 'url', name: 's', url: 'https://s.example' }],
    });
    expect(() => change(stored, { mcp_servers: [] })).toThrow(/mcp_server_name/);
    expect(() => change(stored, { tools: null })).toThrow(/mcp_servers\.0/);
    expect(change(stored, { tools: null, mcp_servers: null })).toMatchObject({ tools: [], mcp_servers: [] });
  });
});
