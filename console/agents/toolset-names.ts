/** The toolsets that agents can have, with their tools, as the API names them. */
export const TOOLSETS = [
  {
    type: 'agent_toolset_20260401',
    label: 'Files, shell and web',
    tools: ['bash', 'edit', 'read', 'write', 'glob', 'grep', 'web_fetch', 'web_search'],
  },
  {
    type: 'browser_toolset_20261101',
    label: 'Browser',
    tools: [
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
  },
  {
    type: 'code_toolset_20261101',
    label: 'Code and processes',
    tools: ['execute_code', 'process_start', 'process_list', 'process_read', 'process_write', 'process_kill'],
  },
  {
    type: 'sandbox_mcp_toolset_20261101',
    label: 'MCP servers of the sandbox (AIO)',
    tools: ['sandbox_mcp_list', 'sandbox_mcp_call'],
  },
] as const;

export type ToolsetType = (typeof TOOLSETS)[number]['type'];
