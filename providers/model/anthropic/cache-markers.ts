import type {
  CacheControlEphemeral,
  ContentBlockParam,
  MessageParam,
  TextBlockParam,
  ToolUnion,
} from '@anthropic-ai/sdk/resources/messages';

interface Cacheable {
  system: TextBlockParam[];
  tools: ToolUnion[];
  messages: MessageParam[];
}

/**
 * Marks where the vendor may cache, at three places of the four allowed: after the system prompt (tools come before it), at the end
 * of the last user turn, and at the end of the user turn before. The last is exactly where the previous request had its end, so the
 * cache is hit however much came in between; the vendor itself looks back over 20 blocks only.
 */
export function placeCacheMarkers(request: Cacheable, ttl: '5m' | '1h'): void {
  const marker: CacheControlEphemeral = { type: 'ephemeral', ...(ttl === '1h' ? { ttl } : {}) };
  const system = request.system.at(-1);
  const tool = request.tools.at(-1);
  if (system !== undefined) system.cache_control = marker;
  else if (tool !== undefined) tool.cache_control = marker;

  let marked = 0;
  for (let index = request.messages.length - 1; index >= 0 && marked < 2; index -= 1) {
    const message = request.messages[index];
    if (message?.role !== 'user' || typeof message.content === 'string') continue;
    const block = message.content.findLast(isMarkable);
    if (block === undefined) continue;
    block.cache_control = marker;
    marked += 1;
  }
}

type Markable = Extract<ContentBlockParam, { cache_control?: CacheControlEphemeral | null }>;

function isMarkable(block: ContentBlockParam): block is Markable {
  return block.type !== 'thinking' && block.type !== 'redacted_thinking';
}
