import { describe, expect, it } from 'vitest';

import type { JsonObject } from '../core/json.ts';
import { EXTRA_TOOLSETS } from '../core/schema/extra-toolsets.ts';
import type { AgentTools } from '../core/session/permission.ts';
import { refusedWords } from '../providers/model/tool-schema/__fixtures__/refused-words.ts';
import { SCHEMA_DIALECTS, type SchemaDialectName } from '../providers/model/tool-schema/schema-dialect.ts';
import { toToolSchema } from '../providers/model/tool-schema/to-tool-schema.ts';
import { createInMemorySandboxDriver } from '../providers/sandbox/in-memory.ts';
import { createBashTool } from './bash.ts';
import { createToolRegistry } from './registry.ts';
import { createSandboxToolRunner } from './sandbox-tool-runner.ts';
import type { ToolResult } from './tool-runner.ts';

const times = { defaultMs: 5_000, maximumMs: 60_000 };
const registry = createToolRegistry(times, [], ['sandbox_mcp']);
const allow = { type: 'always_allow' } as const;

describe('tool definitions', () => {
  const toolset = (configs: object[], enabled = true): AgentTools =>
    [
      { type: 'agent_toolset_20260401', default_config: { enabled, permission_policy: allow }, configs },
    ] as AgentTools;

  it('are those that the agent has enabled, in a fixed order, with closed input schemas', () => {
    const all = registry.definitions(toolset([]));
    expect(all.map(({ name }) => name)).toEqual(['bash', 'read', 'write', 'edit', 'glob', 'grep']);
    for (const { input_schema: schema } of all) {
      expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(schema).not.toHaveProperty('$schema');
    }
    const one = registry.definitions(
      toolset([{ name: 'read', enabled: true, permission_policy: allow }], false),
    );
    expect(one.map(({ name }) => name)).toEqual(['read']);
  });
  it('have exactly the inputs of the API', () => {
    const inputs = registry
      .definitions(toolset([]))
      .map(({ name, input_schema: schema }) => [
        name,
        Object.keys(schema['properties'] ?? {}),
        schema['required'] ?? [],
      ]);
    expect(inputs).toEqual([
      ['bash', ['command', 'restart', 'timeout_ms'], []],
      ['read', ['file_path', 'view_range'], ['file_path']],
      ['write', ['file_path', 'content'], ['file_path', 'content']],
      [
        'edit',
        ['file_path', 'old_string', 'new_string', 'replace_all'],
        ['file_path', 'old_string', 'new_string'],
      ],
      ['glob', ['pattern', 'path'], ['pattern']],
      ['grep', ['pattern', 'path'], ['pattern']],
    ]);
  });
});

describe('our own toolsets', () => {
  it('have nothing that a server refuses, and descriptions that the shortest limit takes', () => {
    const types = ['agent_toolset_20260401', ...Object.keys(EXTRA_TOOLSETS)];
    const tools = types.map((type) => ({
      type,
      default_config: { enabled: true, permission_policy: allow },
      configs: [],
    })) as object[] as AgentTools;
    const all = registry.definitions(tools);
    expect(all.length).toBeGreaterThan(10);
    for (const { name, description, input_schema: schema } of all) {
      expect([name, description.length]).toEqual([name, Math.min(description.length, 1_024)]);
      for (const dialect of Object.keys(SCHEMA_DIALECTS) as SchemaDialectName[]) {
        const refused = refusedWords(toToolSchema(schema, dialect), SCHEMA_DIALECTS[dialect]);
        expect([name, dialect, refused]).toEqual([name, dialect, []]);
        expect(name).toMatch(SCHEMA_DIALECTS[dialect].toolNames.fits);
      }
    }
  });

  it('have exactly the tools that the API knows', () => {
    for (const [type, names] of Object.entries(EXTRA_TOOLSETS)) expect(registry.namesOf(type)).toEqual(names);
  });
  it('are given to the model where the agent has them, less what it switched off', () => {
    const tools: AgentTools = [
      {
        type: 'browser_toolset_20261101',
        default_config: { enabled: false, permission_policy: allow },
        configs: [{ name: 'browser_screenshot', enabled: true, permission_policy: allow }],
      },
      {
        type: 'code_toolset_20261101',
        default_config: { enabled: true, permission_policy: allow },
        configs: [],
      },
    ];
    expect(registry.definitions(tools).map(({ name }) => name)).toEqual([
      'browser_screenshot',
      ...EXTRA_TOOLSETS.code_toolset_20261101,
    ]);
  });
  it('of MCP servers are there only where sandboxes bring some along', () => {
    const without = createToolRegistry(times, []);
    expect(without.namesOf('sandbox_mcp_toolset_20261101')).toEqual([]);
    expect(without.find('sandbox_mcp_call')).toBeUndefined();
  });
  it('ask the sandbox for what their inputs say', () => {
    const ask = (name: string, input: JsonObject) => {
      const tool = registry.find(name);
      return tool?.runs === 'sandbox' ? tool.toOperation(input) : undefined;
    };
    expect(ask('browser_click', { ref: 'e5', double: true })).toEqual({
      operation: { type: 'browser', browser: { action: 'click', ref: 'e5', button: 'left', clicks: 2 } },
    });
    expect(ask('browser_tabs', { action: 'close', index: 1 })).toEqual({
      operation: { type: 'browser', browser: { action: 'tabs', do: 'close', index: 1, url: null } },
    });
    expect(ask('execute_code', { language: 'python', code: 'x', timeout_ms: 1e9 })).toEqual({
      operation: { type: 'code', language: 'python', code: 'x', timeoutMs: 60_000 },
    });
    expect(ask('sandbox_mcp_list', {})).toEqual({
      operation: { type: 'mcp', mcp: { do: 'list', server: null } },
    });
    expect(ask('sandbox_mcp_call', { server: 'browser', tool: 'browser_click', timeout_ms: 1e9 })).toEqual({
      operation: {
        type: 'mcp',
        mcp: { do: 'call', server: 'browser', tool: 'browser_click', arguments: {}, timeoutMs: 60_000 },
      },
    });
    expect(ask('process_read', { id: 'p1' })).toEqual({
      operation: { type: 'process', process: { do: 'read', id: 'p1', offset: null } },
    });
    for (const [name, input] of [
      ['browser_click', { ref: 'e5"]' }],
      ['process_read', { id: '../x' }],
      ['execute_code', { language: 'ruby', code: 'x' }],
      ['sandbox_mcp_call', { server: 'browser', tool: 'x', arguments: 'y' }],
    ] as const) {
      expect(ask(name, input)).toHaveProperty('problem');
    }
  });
});

describe('the tool runner', () => {
  const runner = createSandboxToolRunner({
    host: { problem: async () => undefined },
    driver: createInMemorySandboxDriver(),
    registry,
    attachmentsOf: () => Promise.resolve([]),
    toolsOf: () => Promise.resolve([]),
    repositories: { place: () => Promise.resolve([]) },
    repositorySkills: { note: () => Promise.resolve(null), untold: () => {} },
    onCallEnded: () => {},
  });
  let ids = 0;
  async function run(name: string, input: object, mode: 'start' | 'resume' = 'start'): Promise<ToolResult> {
    const call = {
      workspaceId: 'w',
      sessionId: 's',
      environmentId: 'e',
      toolUseId: `sevt_${++ids}`,
      name,
      input: { ...input },
    };
    return runner.run(call, mode, new AbortController().signal);
  }
  const said = (text: string, isError = false): ToolResult => ({
    content: [{ type: 'text', text }],
    isError,
  });

  it('gives output, and the exit code of a command that failed', async () => {
    expect(await run('bash', { command: 'echo hello' })).toEqual(said('hello'));
    expect(await run('bash', { command: 'true' })).toEqual(said('(no output)'));
    expect(await run('bash', { command: 'echo oops; exit 3' })).toEqual(said('oops\nexit 3', true));
  });
  it('takes a time of zero for the default, and caps a long one', async () => {
    expect(await run('bash', { command: 'echo hello', timeout_ms: 0 })).toEqual(said('hello'));
    expect(
      createBashTool({ defaultMs: 5_000, maximumMs: 60_000 }).toOperation({ command: 'x', timeout_ms: 1e9 }),
    ).toEqual({
      operation: { type: 'bash', command: 'x', timeoutMs: 60_000 },
    });
    const late = await run('bash', { command: 'sleep 60', timeout_ms: 20 });
    expect(late.isError).toBe(true);
    expect(late.content[0]).toMatchObject({ text: expect.stringContaining('time limit') });
  });
  it.each([
    ['bash', {}, 'command'],
    ['bash', { command: 5 }, 'command'],
    ['bash', { command: 'a\0b' }, 'command'],
    ['bash', { command: 'x', timeout: 5 }, 'timeout'],
    ['read', { file_path: 'x', view_range: [0, 1] }, 'view_range'],
    ['read', { path: 'x' }, 'file_path'],
    ['write', { file_path: 'x' }, 'content'],
    ['edit', { file_path: 'x', old_string: '', new_string: 'y' }, 'old_string'],
    ['glob', { pattern: '' }, 'pattern'],
    ['grep', { pattern: 'x', include: '*.ts' }, 'include'],
    ['nosuch', {}, 'nosuch'],
  ])('answers a wrong input of %s with an error that names the field', async (name, input, field) => {
    const result = await run(name, input);
    expect(result.isError).toBe(true);
    expect(result.content[0]).toMatchObject({ text: expect.stringContaining(field) });
  });
  it('says that the outcome is unknown when it is', async () => {
    const result = await run('bash', { command: 'echo hello' }, 'resume');
    expect(result).toMatchObject({ isError: true, lost: true });
    expect(result.content[0]).toMatchObject({
      text: expect.stringContaining('outcome of this call is unknown'),
    });
  });
});
