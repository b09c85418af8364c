import type { AnthropicRequest, Message } from './request-schema.ts';

/** What the vendor refuses about the order of messages and blocks. */
export function conversationViolations(request: AnthropicRequest): string[] {
  const { messages } = request;
  return [
    ...roleViolations(messages),
    ...callViolations(messages),
    ...messages.flatMap((message, index) => contentViolations(message, `messages.${String(index)}`)),
  ];
}

function roleViolations(messages: readonly Message[]): string[] {
  const violations: string[] = [];
  if (messages[0]?.role !== 'user') violations.push('messages.0: the first message must be a user message');
  for (const [index, { role }] of messages.entries()) {
    const at = `messages.${String(index)}`;
    const before = messages[index - 1]?.role;
    const after = messages[index + 1]?.role;
    if (role === 'system') {
      if (before !== 'user') violations.push(`${at}: a system message must follow a user message`);
      if (after !== undefined && after !== 'assistant')
        violations.push(`${at}: a system message must be last or followed by an assistant message`);
    } else if (role === before) violations.push(`${at}: roles must alternate`);
  }
  return violations;
}

/** Every tool use is answered once, in the next message, whose results come before anything else. */
function callViolations(messages: readonly Message[]): string[] {
  const violations: string[] = [];
  const seen = new Set<string>();
  let open: string[] = [];
  for (const [index, message] of messages.entries()) {
    const at = `messages.${String(index)}`;
    if (message.role === 'assistant') {
      open = message.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
      for (const id of open) {
        if (seen.has(id)) violations.push(`${at}: the tool use id ${id} is used twice`);
        seen.add(id);
      }
      continue;
    }
    if (message.role === 'system') continue;
    const results = message.content.flatMap((block) =>
      block.type === 'tool_result' ? [block.tool_use_id] : [],
    );
    for (const [position, block] of message.content.entries())
      if (block.type === 'tool_result' && position >= results.length)
        violations.push(`${at}.content.${String(position)}: tool results must come first`);
    for (const id of new Set(results)) {
      if (!open.includes(id))
        violations.push(`${at}: a result for ${id}, which the message before does not call`);
      if (results.filter((other) => other === id).length > 1) violations.push(`${at}: two results for ${id}`);
    }
    for (const id of open)
      if (!results.includes(id)) violations.push(`${at}: no result for the tool use ${id}`);
    open = [];
  }
  if (open.length > 0) violations.push('messages: the last tool uses have no results');
  return violations;
}

function contentViolations(message: Message, at: string): string[] {
  const violations: string[] = [];
  for (const [index, block] of message.content.entries()) {
    const where = `${at}.content.${String(index)}`;
    if (block.type === 'text' && !/\S/.test(block.text))
      violations.push(`${where}: text must contain non-whitespace characters`);
    if (block.type !== 'tool_result' || block.is_error !== true) continue;
    if (block.content === undefined || block.content.length === 0)
      violations.push(`${where}: an error result must have content`);
    if (block.content?.some(({ type }) => type !== 'text') === true)
      violations.push(`${where}: an error result takes nothing but text`);
  }
  return violations;
}
