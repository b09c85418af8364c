import { z } from 'zod';
import { ResolvedToolSwitches, ToolSwitches } from './permission-policy.ts';

/**
 * Toolsets beyond the vendor's, with their tools: a browser, code with processes that outlive their call, and the MCP servers that a sandbox
 * brings along.
 */
export const EXTRA_TOOLSETS = {
  browser_toolset_20261101: [
    'browser_navigate',
    'browser_back',
    'browser_snapshot',
    'browser_click',
    'browser_type',
    'browser_press',
    'browser_select',
    'browser_scroll',
    'browser_evaluate',
    'browser_console',
    'browser_tabs',
    'browser_screenshot',
    'browser_record',
  ],
  code_toolset_20261101: [
    'execute_code',
    'process_start',
    'process_list',
    'process_read',
    'process_write',
    'process_kill',
  ],
  sandbox_mcp_toolset_20261101: ['sandbox_mcp_list', 'sandbox_mcp_call'],
} as const;

export type ExtraToolsetType = keyof typeof EXTRA_TOOLSETS;

/** What the toolsets are called in the description of the API. */
const SCHEMA_NAMES: Readonly<Record<ExtraToolsetType, string>> = {
  browser_toolset_20261101: 'BrowserToolset',
  code_toolset_20261101: 'CodeToolset',
  sandbox_mcp_toolset_20261101: 'SandboxMcpToolset',
};

function paramsOf<Type extends ExtraToolsetType>(type: Type) {
  return z
    .strictObject({
      type: z.literal(type),
      default_config: z.strictObject(ToolSwitches).nullish(),
      configs: z
        .array(z.strictObject({ name: z.enum(EXTRA_TOOLSETS[type]), ...ToolSwitches }))
        .refine(
          (configs) => new Set(configs.map(({ name }) => name)).size === configs.length,
          'configures a tool twice',
        )
        .optional(),
    })
    .meta({ id: `${SCHEMA_NAMES[type]}Params` });
}

function resolvedOf<Type extends ExtraToolsetType>(type: Type) {
  return z
    .object({
      type: z.literal(type),
      default_config: z.object(ResolvedToolSwitches),
      configs: z.array(z.object({ name: z.string(), ...ResolvedToolSwitches })),
    })
    .meta({ id: SCHEMA_NAMES[type] });
}

/** What clients send. */
export const BrowserToolsetParams = paramsOf('browser_toolset_20261101');
export const CodeToolsetParams = paramsOf('code_toolset_20261101');
export const SandboxMcpToolsetParams = paramsOf('sandbox_mcp_toolset_20261101');

/** The same, resolved. */
export const BrowserToolset = resolvedOf('browser_toolset_20261101');
export const CodeToolset = resolvedOf('code_toolset_20261101');
export const SandboxMcpToolset = resolvedOf('sandbox_mcp_toolset_20261101');
export type ExtraToolset =
  z.infer<typeof BrowserToolset> | z.infer<typeof CodeToolset> | z.infer<typeof SandboxMcpToolset>;
