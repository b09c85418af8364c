import { AppError } from '../../core/errors.ts';
import { asksForSummary } from '../../core/session/context/compaction.ts';
import type { TranscriptBlock, TranscriptMessage } from '../../core/session/content.ts';
import type { ModelProvider, ModelResponse, ResponseBlock } from '../../providers/model/model-provider.ts';

const USAGE: ModelResponse['usage'] = {
  input_tokens: 3,
  output_tokens: 2,
  cache_read_input_tokens: 11,
  cache_creation_5m_input_tokens: 5,
  cache_creation_1h_input_tokens: 7,
};

/** A model inside the test's process that does what the last user message says. */
export interface ScriptedProvider extends ModelProvider {
  /** How many requests were begun. */
  readonly requests: number;
}

/**
 * The last user message is an order; anything else is answered with `done`.
 *
 * - `call bash,write,lookup`: calls these tools at once, then answers. The command of each is its place: `0`, `1`, …
 * - `run COMMAND`: calls bash with this command, then answers.
 * - `chain N`: calls bash N times, one after another, then answers.
 * - Asked for a summary, it writes down the order and the rounds so far, and goes on from there.
 * - `cut text,thinking,call`: is cut off in these, one answer after the other, then answers.
 * - `repeat`: makes the same call for ever.
 * - `hang`: never answers. `refuse`: fails for good. `stumble`: is unreachable once, then answers. `write N`: answers with N characters.
 */
export function createScriptedProvider(): ScriptedProvider {
  let requests = 0;
  const stumbled = new Set<string>();
  return {
    name: 'test',
    get requests() {
      return requests;
    },
    async *stream({ messages }, signal) {
      requests++;
      const { order, rounds, key, summarise } = readOrder(messages);
      if (summarise) {
        const text = `Order: ${order}\nRounds: ${rounds}`;
        yield {
          type: 'finish',
          response: { blocks: [{ type: 'text', text }], stop: 'end_turn', usage: USAGE },
        };
        return;
      }
      const [word, rest = ''] = order.split(/ (.*)/s);
      if (word === 'refuse') throw new AppError('model_request_refused', 'The test refuses.');
      if (word === 'stumble' && !stumbled.has(key)) {
        stumbled.add(key);
        throw new AppError('model_unreachable', 'The test stumbles.', { retryAfterMs: 10 });
      }
      if (word === 'hang') await untilAborted(signal);
      const cut = word === 'cut' ? rest.split(',')[cutsSince(messages)] : undefined;
      if (cut !== undefined) {
        yield { type: 'finish', response: { blocks: [cutBlock(cut)], stop: 'max_tokens', usage: USAGE } };
        return;
      }
      const calls = callsOf(word, rest, rounds);
      const text = word === 'write' ? 'é'.repeat(Number(rest)) : 'done';
      const blocks: ResponseBlock[] =
        calls.length > 0 ? calls.map(({ name, command }, index) => toolUse(name, command, index)) : [];
      if (blocks.length === 0) {
        yield { type: 'block-start', index: 0, block: 'text' };
        yield { type: 'text-delta', index: 0, text };
        blocks.push({ type: 'text', text });
      }
      const stop = calls.length > 0 ? 'tool_use' : 'end_turn';
      yield { type: 'finish', response: { blocks, stop, usage: USAGE } };
    },
  };
}

function callsOf(
  word: string | undefined,
  rest: string,
  rounds: number,
): { name: string; command: string }[] {
  if (word === 'chain') return rounds < Number(rest) ? [{ name: 'bash', command: String(rounds) }] : [];
  if (word === 'repeat') return [{ name: 'bash', command: 'same' }];
  if (rounds > 0) return [];
  if (word === 'run') return [{ name: 'bash', command: rest }];
  if (word === 'call') return rest.split(',').map((name, index) => ({ name, command: String(index) }));
  return [];
}

function toolUse(name: string, command: string, index: number): ResponseBlock {
  const vendor = { provider: 'test', callId: `call_${index}` };
  return { type: 'tool_use', name, input: { command }, vendor };
}

/** What a model is told of an answer that was cut off, by a note or by the result of a call. */
const CUT = '[The output limit cut';
const CUT_CALL = 'The output limit cut this call off';

function cutBlock(part: string): ResponseBlock {
  if (part === 'text') return { type: 'text', text: 'so far' };
  if (part === 'call') {
    const vendor = { provider: 'test', callId: 'call_0' };
    return { type: 'tool_use', name: 'bash', input: null, rawInput: '{"comm', vendor };
  }
  return { type: 'thinking', opaque: { type: 'opaque', provider: 'test', data: {} } };
}

/** How many answers were cut off since the last order. */
function cutsSince(messages: readonly TranscriptMessage[]): number {
  let cuts = 0;
  for (const { content } of messages) {
    for (const block of content) {
      if (block.type === 'tool_result') {
        if (block.content.some((inner) => isText(inner) && inner.text.startsWith(CUT_CALL))) cuts += 1;
      } else if (isText(block))
        cuts = block.text.startsWith('cut ') ? 0 : cuts + (block.text.startsWith(CUT) ? 1 : 0);
    }
  }
  return cuts;
}

/** The last order, how many rounds of tools it has had, a name of its own, and whether a summary is asked for. */
function readOrder(messages: readonly TranscriptMessage[]): {
  order: string;
  rounds: number;
  key: string;
  summarise: boolean;
} {
  let rounds = 0;
  let summarise = false;
  for (let index = messages.length - 1; index >= 0; index--) {
    const { role, content } = messages[index] ?? { role: 'system', content: [] };
    if (role === 'assistant' && content.some((block) => block.type === 'tool_use')) rounds++;
    const text = role === 'user' ? content.findLast(isText)?.text : undefined;
    if (text === undefined || text.startsWith(CUT)) continue;
    if (asksForSummary(text)) {
      summarise = true;
      continue;
    }
    const [, summarised, before] = /Order: (.*)\nRounds: (\d+)$/s.exec(text) ?? [];
    if (summarised === undefined) return { order: text, rounds, key: `${index} ${text}`, summarise };
    return { order: summarised, rounds: rounds + Number(before), key: `${index} ${summarised}`, summarise };
  }
  return { order: '', rounds, key: '', summarise };
}

function isText(block: TranscriptBlock): block is Extract<TranscriptBlock, { type: 'text' }> {
  return block.type === 'text';
}

async function untilAborted(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
