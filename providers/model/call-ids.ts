import type { ConversationTurn } from './conversation.ts';

/**
 * Gives every tool use of a conversation the id it has on the wire: the vendor's own where this provider made the call, the id is
 * fit and nothing before it had it; else ours, which is unique in the session. Some servers reuse `call_0` in each response.
 */
export function wireCallIds(
  turns: readonly ConversationTurn[],
  provider: string,
  isFit: (id: string) => boolean,
): (toolUseId: string) => string {
  const taken = new Set<string>();
  const wire = new Map<string, string>();
  for (const turn of turns) {
    if (turn.role !== 'assistant') continue;
    for (const block of turn.blocks) {
      if (block.type !== 'tool_use') continue;
      const own = block.vendor?.provider === provider ? block.vendor.callId : null;
      const id = own !== null && isFit(own) && !taken.has(own) ? own : block.id;
      taken.add(id);
      wire.set(block.id, id);
    }
  }
  return (toolUseId) => wire.get(toolUseId) ?? toolUseId;
}
