import type { AnthropicRequest } from './request-schema.ts';

/** What the vendor refuses depending on the model, by what its documentation says of each family. */
export function modelViolations(request: AnthropicRequest, headers: Record<string, string>): string[] {
  const { model, thinking, speed } = request;
  const violations: string[] = [];
  const legacy = /^claude-(?:3-7-sonnet|(?:opus|sonnet|haiku)-4(?:-[015])?)(?:-20\d{6}|$)/.test(model);
  const both = /^claude-(?:opus|sonnet)-4-6\b/.test(model);
  if (legacy && thinking?.type === 'adaptive')
    violations.push(`thinking: ${model} knows no adaptive thinking`);
  if (!legacy && !both && thinking?.type === 'enabled')
    violations.push(`thinking: ${model} takes no budget; use adaptive`);
  if (thinking?.type === 'enabled' && thinking.budget_tokens >= request.max_tokens)
    violations.push('thinking: the budget must be below max_tokens');
  if (thinking !== undefined && thinking.type !== 'disabled')
    for (const name of ['temperature', 'top_p', 'top_k'] as const)
      if (request[name] !== undefined) violations.push(`${name}: not while the model thinks`);
  if (legacy && !model.startsWith('claude-opus') && request.output_config !== undefined)
    violations.push(`output_config: ${model} has no effort`);
  if (legacy && request.max_tokens > 64_000) violations.push(`max_tokens: at most 64000 for ${model}`);
  const noSystem = /^claude-(?:opus-4-[567]|sonnet-4-\d|haiku-4-\d)\b/.test(model);
  if (noSystem && request.messages.some(({ role }) => role === 'system'))
    violations.push(`messages: ${model} takes no system message in the middle of a conversation`);
  if (speed === 'fast') {
    if (!/^claude-opus-(?:4-8|5)/.test(model)) violations.push(`speed: ${model} has no fast mode`);
    if (headers['anthropic-beta']?.includes('fast-mode-2026-02-01') !== true)
      violations.push('speed: fast needs the beta header fast-mode-2026-02-01');
  }
  if (thinking?.type === 'enabled' && !loopStartsWithThinking(request))
    violations.push(
      'messages: with a thinking budget the answer before tool results must start with thinking',
    );
  return violations;
}

function loopStartsWithThinking({ messages }: AnthropicRequest): boolean {
  const last = messages.findLast(({ role }) => role === 'user');
  if (last?.content.some(({ type }) => type === 'tool_result') !== true) return true;
  const first = messages.findLast(({ role }) => role === 'assistant')?.content[0]?.type;
  return first === 'thinking' || first === 'redacted_thinking';
}
