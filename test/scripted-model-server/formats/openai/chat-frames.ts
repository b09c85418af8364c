import type { Frame, FrameContext } from '../../format.ts';
import { inputSaid, jsonPieces, piecesOf, rawInputOf, textOf } from '../../pieces.ts';
import type { ReadScript, ScriptBlock } from '../../script.ts';
import { hiddenThinking } from '../../signatures.ts';
import type { IssuedChatAnswer } from './chat-validate.ts';

const FINISH = {
  end_turn: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  context_overflow: 'length',
  refusal: 'stop',
  pause_turn: 'stop',
  malformed_call: 'malformed_function_call',
} as const;

/** The stream of a script, in chunks of a chat completion. */
export function chatFrames(
  script: ReadScript,
  context: FrameContext,
  remember: (ids: string[], answer: IssuedChatAnswer) => void,
): Frame[] {
  const chunk = (kind: Frame['kind'], fields: object): Frame => ({
    kind,
    data: JSON.stringify({
      id: `chatcmpl-${String(context.n)}`,
      object: 'chat.completion.chunk',
      created: 1_790_000_000,
      model: context.model,
      ...fields,
    }),
  });
  const delta = (kind: Frame['kind'], fields: object, finish: string | null = null): Frame =>
    chunk(kind, {
      choices: [{ index: 0, delta: fields, finish_reason: finish, logprobs: null }],
      usage: null,
    });

  const frames = [delta('head', { role: 'assistant', content: '' })];
  let calls = 0;
  for (const [index, block] of script.blocks.entries()) {
    frames.push(...blockFrames(block, index, calls, { script, context, delta }));
    if (block.type === 'tool_use') calls += 1;
  }
  const stop = script.stop ?? (calls > 0 ? 'tool_use' : 'end_turn');
  if (stop === 'refusal')
    frames.push(delta('other', { refusal: script.refusal?.explanation ?? 'I cannot help.' }));
  frames.push(delta('end', {}, FINISH[stop]), chunk('tail', { choices: [], usage: usageOf(context) }));
  frames.push({ kind: 'tail', data: '[DONE]' });
  if (stop === 'tool_use' || stop === 'end_turn') rememberAnswer(script, context, remember);
  return frames;
}

interface Writer {
  script: ReadScript;
  context: FrameContext;
  delta: (kind: Frame['kind'], fields: object) => Frame;
}

function blockFrames(
  block: ScriptBlock,
  index: number,
  call: number,
  { script, context, delta }: Writer,
): Frame[] {
  switch (block.type) {
    case 'text':
      return piecesOf(textOf(block), script).map((content) => delta('text', { content }));
    case 'thinking':
      return piecesOf(block.text, script).map((piece) => delta('thinking', { reasoning_content: piece }));
    case 'hidden_thinking':
      return [delta('thinking', { reasoning_details: [hiddenDetail(index)] })];
    case 'tool_use': {
      const id = callIdOf(block, context.n, index);
      const start = { index: call, ...(id === null ? {} : { id }), type: 'function' };
      return [
        delta('tool-start', { tool_calls: [{ ...start, function: { name: block.name, arguments: '' } }] }),
        ...jsonPieces(rawInputOf(block)).map((piece) =>
          delta('tool-input', { tool_calls: [{ index: call, function: { arguments: piece } }] }),
        ),
      ];
    }
    default:
      return block satisfies never;
  }
}

function callIdOf(
  block: Extract<ScriptBlock, { type: 'tool_use' }>,
  n: number,
  index: number,
): string | null {
  return block.id === undefined ? `call_${String(n)}_${String(index)}` : block.id;
}

function hiddenDetail(index: number): object {
  return { type: 'reasoning.encrypted', index, data: hiddenThinking(index), format: 'scripted-v1' };
}

function usageOf({ usage }: FrameContext): object {
  const prompt =
    usage.input_tokens +
    usage.cache_read_input_tokens +
    usage.cache_creation_5m_input_tokens +
    usage.cache_creation_1h_input_tokens;
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output_tokens,
    total_tokens: prompt + usage.output_tokens,
    prompt_tokens_details: {
      cached_tokens: usage.cache_read_input_tokens,
      cache_write_tokens: usage.cache_creation_5m_input_tokens,
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoning_tokens },
  };
}

function rememberAnswer(
  { blocks }: ReadScript,
  { n }: FrameContext,
  remember: (ids: string[], answer: IssuedChatAnswer) => void,
): void {
  const texts = blocks.flatMap((block) => (block.type === 'text' ? [textOf(block)] : []));
  const uses = blocks.flatMap((block, index) => (block.type === 'tool_use' ? [{ block, index }] : []));
  remember(
    uses.flatMap(({ block, index }) => callIdOf(block, n, index) ?? []),
    {
      content: texts.length === 0 ? null : texts.join(''),
      calls: uses.map(({ block }) => ({ name: block.name, input: inputSaid(block) })),
      reasoning: blocks.map((block) => (block.type === 'thinking' ? block.text : '')).join(''),
      details: blocks.flatMap((block, index) =>
        block.type === 'hidden_thinking' ? [hiddenDetail(index)] : [],
      ),
    },
  );
}
