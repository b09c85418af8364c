import type {
  BetaManagedAgentsMCPServerURLDefinition,
  BetaManagedAgentsMCPToolset,
} from '@anthropic-ai/sdk/resources/beta/agents/agents';
import { z } from 'zod';
import { ResolvedToolSwitches, ToolSwitches } from './permission-policy.ts';

const ServerName = z.string().min(1).max(255);

/** An MCP server, reached by URL. */
export const McpServer = z
  .strictObject({
    type: z.literal('url'),
    name: ServerName,
    url: z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }).max(2_048),
  })
  .meta({ id: 'McpServer' }) satisfies z.ZodType<BetaManagedAgentsMCPServerURLDefinition>;

const ToolName = z.string().min(1).max(128);

/** What clients send for the tools of an MCP server. */
export const McpToolsetParams = z
  .strictObject({
    type: z.literal('mcp_toolset'),
    mcp_server_name: ServerName,
    default_config: z.strictObject(ToolSwitches).nullish(),
    configs: z
      .array(z.strictObject({ name: ToolName, ...ToolSwitches }))
      .refine(
        (configs) => new Set(configs.map(({ name }) => name)).size === configs.length,
        'configures a tool twice',
      )
      .optional(),
  })
  .meta({ id: 'McpToolsetParams' });
export type McpToolsetParams = z.infer<typeof McpToolsetParams>;

/** The tools of an MCP server, resolved. */
export const McpToolset = z
  .object({
    type: z.literal('mcp_toolset'),
    mcp_server_name: z.string(),
    default_config: z.object(ResolvedToolSwitches),
    configs: z.array(z.object({ name: z.string(), ...ResolvedToolSwitches })),
  })
  .meta({ id: 'McpToolset' }) satisfies z.ZodType<BetaManagedAgentsMCPToolset>;
