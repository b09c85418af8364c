/**
 * The system prompt of every model call: the agent's own, then what it has to know about the sandbox, if it has tools there. The same
 * agent always gets the same bytes.
 */
export function systemPrompt(own: string | null, tools: readonly { name: string }[]): string {
  const parts: string[] = [];
  if (own !== null && own !== '') parts.push(own);
  if (tools.some((tool) => SANDBOX_TOOLS.has(tool.name))) parts.push(SANDBOX);
  return parts.join('\n\n');
}

const SANDBOX_TOOLS = new Set(['bash', 'read', 'write', 'edit', 'glob', 'grep', 'execute_code']);

const SANDBOX = `Your tools run in a private Linux sandbox that belongs to this session. Your working directory is /workspace; it is kept between calls. Files that the user attached are under /mnt/session/uploads, read-only; repositories that the user attached are under /workspace. Files that the user should receive go to /mnt/session/outputs. A tool result that says the outcome is unknown means exactly that: look at the state of things before you repeat the call.`;
