import type { Frame, FrameContext } from '../../format.ts';
import { inputSaid, piecesOf, textOf } from '../../pieces.ts';
import type { ReadScript } from '../../script.ts';
import { hiddenThinking } from '../../signatures.ts';
import type { GeminiModelPart } from './gemini-request-schema.ts';

const FINISH = {
  end_turn: 'STOP',
  tool_use: 'STOP',
  max_tokens: 'MAX_TOKENS',
  context_overflow: 'MAX_TOKENS',
  refusal: 'SAFETY',
  pause_turn: 'STOP',
  malformed_call: 'MALFORMED_FUNCTION_CALL',
} as const;

/** The stream of a script, in chunks of a generated content. */
export function geminiFrames(
  script: ReadScript,
  context: FrameContext,
  remember: (parts: GeminiModelPart[]) => void,
): Frame[] {
  const { usage } = context;
  const prompt =
    usage.input_tokens +
    usage.cache_read_input_tokens +
    usage.cache_creation_5m_input_tokens +
    usage.cache_creation_1h_input_tokens;
  const write = (kind: Frame['kind'], parts: object[], fields: object = {}): Frame => ({
    kind,
    data: JSON.stringify({
      candidates: [{ content: { parts, role: 'model' }, index: 0, ...fields }],
      usageMetadata: {
        promptTokenCount: prompt,
        cachedContentTokenCount: usage.cache_read_input_tokens,
        candidatesTokenCount: usage.output_tokens - usage.reasoning_tokens,
        thoughtsTokenCount: usage.reasoning_tokens,
        totalTokenCount: prompt + usage.output_tokens,
      },
      modelVersion: context.model,
      responseId: `resp-${String(context.n)}`,
    }),
  });

  const frames: Frame[] = [];
  const said: GeminiModelPart[] = [];
  let calls = 0;
  for (const [index, block] of script.blocks.entries()) {
    if (block.type === 'text') {
      frames.push(...piecesOf(textOf(block), script).map((text) => write('text', [{ text }])));
      const last = said.at(-1);
      // Texts in a row are one text to whoever reads the stream.
      if (script.blocks[index - 1]?.type === 'text' && last !== undefined && 'text' in last)
        last.text += textOf(block);
      else said.push({ text: textOf(block) });
    } else if (block.type === 'thinking') {
      frames.push(
        ...piecesOf(block.text, script).map((text) => write('thinking', [{ text, thought: true }])),
      );
    } else if (block.type === 'hidden_thinking') {
      const part = { text: '', thoughtSignature: hiddenThinking(index) };
      frames.push(write('thinking', [part]));
      said.push(part);
    } else {
      const id = block.id === undefined ? `fc-${String(context.n)}-${String(index)}` : block.id;
      const part = {
        functionCall: { ...(id === null ? {} : { id }), name: block.name, args: inputSaid(block) },
        ...(calls === 0 ? { thoughtSignature: hiddenThinking(index) } : {}),
      };
      calls += 1;
      // Arguments that are no object cannot be said in this format, but left out.
      const without =
        block.rawInput === '' ? { ...part, functionCall: { ...part.functionCall, args: undefined } } : part;
      frames.push(write('tool-start', [without]));
      said.push(part);
    }
  }
  const stop = script.stop ?? (calls > 0 ? 'tool_use' : 'end_turn');
  const message = stop === 'refusal' ? { finishMessage: script.refusal?.explanation ?? 'blocked' } : {};
  frames.push(write('end', [{ text: '' }], { finishReason: FINISH[stop], ...message }));
  if (stop === 'tool_use' || stop === 'end_turn') remember(said);
  return frames;
}
