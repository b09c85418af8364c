import type { ContentBlockParam, MessageParam } from '@anthropic-ai/sdk/resources/messages';
import { claudeModel } from '../../core/models/claude-models.ts';
import { asksForSummary } from '../../core/session/context/compaction.ts';
import { toAnthropicRequest } from '../../providers/model/anthropic/to-request.ts';
import type { ModelProvider, ModelRequest, ResponseBlock } from '../../providers/model/model-provider.ts';
import { createToolNames } from '../../providers/model/tool-names.ts';
import { WINDOW } from './long-session.ts';

/** A model that checks what it gets: the size, the pairs of calls and results, and whether it begins as the request before. */
export interface CheckingProvider extends ModelProvider {
  /** `longest`: prompt and answer at most, tokens. `changes`: requests that do not begin with the bytes of the one before. */
  seen(): { requests: number; longest: number; changes: number };
}

/** Characters of this vendor's token. */
const CHARACTERS_PER_TOKEN = 3.6;

/** Calls bash so often, one after the other, with an explanation each, then stops. */
export function createCheckingProvider({ calls }: { calls: number }): CheckingProvider {
  const names = createToolNames([], () => true, 64);
  const claude = claudeModel('claude-opus-5-5');
  let requests = 0;
  let made = 0;
  let longest = 0;
  let changes = 0;
  let before: string[] = [];

  /** The request as the vendor gets it, block by block. */
  function blocksOf(request: ModelRequest): string[] {
    const body = toAnthropicRequest(request, claude, {
      provider: 'anthropic',
      names,
      cacheTtl: '5m',
      schemas: 'anthropic',
    });
    checkPairs(body.messages);
    const head = [JSON.stringify(body.tools), JSON.stringify(body.system)];
    return [...head, ...body.messages.flatMap(({ role, content }) => withoutMarkers(role, content))];
  }

  return {
    name: 'anthropic',
    seen: () => ({ requests, longest, changes }),
    async *stream(request) {
      requests += 1;
      const blocks = blocksOf(request);
      const tokens = Math.ceil(blocks.reduce((sum, text) => sum + text.length, 0) / CHARACTERS_PER_TOKEN);
      longest = Math.max(longest, tokens + request.maxOutputTokens);
      const isSummary = asksForSummary(blocks.at(-1) ?? '');
      if (longest > WINDOW) throw new Error(`request ${String(requests)} has ${String(tokens)} tokens`);
      if (before.some((text, index) => blocks[index] !== text)) changes += 1;
      if (!isSummary) before = blocks;
      const answer = isSummary ? [summary(requests)] : made < calls ? call(++made) : [said('All done.')];
      const usage = {
        input_tokens: tokens,
        output_tokens: Math.ceil(JSON.stringify(answer).length / CHARACTERS_PER_TOKEN),
        cache_read_input_tokens: 0,
        cache_creation_5m_input_tokens: 0,
        cache_creation_1h_input_tokens: 0,
      };
      const stop = answer.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn';
      yield { type: 'finish', response: { blocks: answer, stop, usage } };
    },
  };
}

function said(text: string): ResponseBlock {
  return { type: 'text', text };
}

function summary(n: number): ResponseBlock {
  return said(`What happened until request ${String(n)}. ${'A fact. '.repeat(300)}`);
}

function call(n: number): ResponseBlock[] {
  const signature = 'c2lnbmF0dXJl'.repeat(20);
  return [
    {
      type: 'thinking',
      opaque: {
        type: 'opaque',
        provider: 'anthropic',
        data: { type: 'thinking', thinking: `Step ${String(n)} is next.`, signature },
      },
    },
    said(`Now step ${String(n)}. ${'Because of that. '.repeat(n % 40)}`),
    {
      type: 'tool_use',
      name: 'bash',
      input: { command: String(n) },
      vendor: { provider: 'anthropic', callId: `toolu_${String(n)}` },
    },
  ];
}

function withoutMarkers(role: string, content: MessageParam['content']): string[] {
  if (typeof content === 'string') return [role + content];
  return content.map((block) => {
    const { cache_control: _marker, ...rest } = block as ContentBlockParam & { cache_control?: unknown };
    return role + JSON.stringify(rest);
  });
}

function checkPairs(messages: readonly MessageParam[]): void {
  let open: string[] = [];
  for (const { role, content } of messages) {
    const blocks = typeof content === 'string' ? [] : content;
    if (role === 'user') {
      const answered = blocks.flatMap((block) => (block.type === 'tool_result' ? [block.tool_use_id] : []));
      if (answered.join() !== open.join())
        throw new Error(`results of ${answered.join()} for ${open.join()}`);
    }
    open = blocks.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
  }
}
