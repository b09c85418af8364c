import { z } from 'zod';
import type { CommandTimes } from './bash.ts';
import { defineTool, type SandboxTool } from './tool.ts';

const NAME = z.string().min(1).max(255);

/**
 * The tools of `sandbox_mcp_toolset_20261101`: what the MCP servers of a sandbox offer. The model asks for it when it needs it, so that a
 * session can begin before its sandbox runs, and its requests stay the same whatever the sandbox offers.
 */
export function createSandboxMcpTools(times: CommandTimes): readonly SandboxTool[] {
  return [
    defineTool({
      name: 'sandbox_mcp_list',
      description:
        'List what the MCP servers of the sandbox offer: all servers with their tools, or, given a server, its tools with descriptions and input schemas. Look at the schema before you call a tool.',
      input: z.strictObject({
        server: NAME.optional().describe('One server, in full; left out: all servers, in short.'),
      }),
      operation: ({ server = null }) => ({ type: 'mcp', mcp: { do: 'list', server } }),
    }),
    defineTool({
      name: 'sandbox_mcp_call',
      description: `Call a tool of an MCP server of the sandbox, as sandbox_mcp_list shows it. A call that takes longer than timeout_ms (default ${times.defaultMs}) is given up.`,
      input: z.strictObject({
        server: NAME.describe('The server.'),
        tool: NAME.describe('The tool of that server.'),
        arguments: z
          .record(z.string(), z.json())
          .optional()
          .describe('The arguments, as the input schema of the tool has them.'),
        timeout_ms: z.int().min(0).optional().describe('Longest it may take, milliseconds; 0: the default.'),
      }),
      operation({ server, tool, arguments: given = {}, timeout_ms: timeoutMs = 0 }) {
        const wanted = timeoutMs === 0 ? times.defaultMs : timeoutMs;
        const limited = Math.min(wanted, times.maximumMs);
        return {
          type: 'mcp',
          mcp: { do: 'call', server, tool, arguments: given, timeoutMs: limited },
        };
      },
    }),
  ];
}
