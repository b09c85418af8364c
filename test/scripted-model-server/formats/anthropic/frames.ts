import type { Frame, FrameContext } from '../../format.ts';
import { inputSaid, jsonPieces, piecesOf, rawInputOf, textOf } from '../../pieces.ts';
import type { ReadScript, ScriptBlock } from '../../script.ts';
import { hiddenThinking, signatureOf } from '../../signatures.ts';
import type { IssuedAnswers } from './issued.ts';
import type { Message } from './request-schema.ts';

type AssistantBlock = Extract<Message, { role: 'assistant' }>['content'][number];

/** The stream of a script, in the vendor's events. */
export function anthropicFrames(script: ReadScript, context: FrameContext, issued: IssuedAnswers): Frame[] {
  const said: AssistantBlock[] = [];
  const frames = [start(context), ping()];
  for (const [index, block] of script.blocks.entries()) {
    const callId = `toolu_${String(context.n)}_${String(index)}`;
    frames.push(...blockFrames(block, index, callId, script));
    said.push(asSaid(block, index, callId));
  }
  const calls = script.blocks.some(({ type }) => type === 'tool_use');
  const stop = script.stop ?? (calls ? 'tool_use' : 'end_turn');
  // The end of an answer that was cut off is read in different ways, and a refused one does not come back.
  if (stop === 'tool_use' || stop === 'end_turn') issued.remember(said);
  frames.push(
    frame('tail', 'message_delta', {
      delta: {
        container: null,
        stop_reason: stop === 'context_overflow' ? 'model_context_window_exceeded' : stop,
        stop_sequence: null,
        stop_details:
          stop === 'refusal'
            ? { type: 'refusal', ...(script.refusal ?? { category: null, explanation: null }) }
            : null,
      },
      usage: { ...usageOf(context), output_tokens: context.usage.output_tokens },
    }),
    frame('end', 'message_stop', {}),
  );
  return frames;
}

export function ping(): Frame {
  return frame('other', 'ping', {});
}

export function frame(kind: Frame['kind'], event: string, fields: object): Frame {
  return { kind, event, data: JSON.stringify({ type: event, ...fields }) };
}

function start(context: FrameContext): Frame {
  const { usage } = context;
  return frame('head', 'message_start', {
    message: {
      id: `msg_${String(context.n)}`,
      type: 'message',
      role: 'assistant',
      model: context.model,
      content: [],
      container: null,
      diagnostics: null,
      stop_reason: null,
      stop_details: null,
      stop_sequence: null,
      usage: {
        ...usageOf(context),
        cache_creation: {
          ephemeral_5m_input_tokens: usage.cache_creation_5m_input_tokens,
          ephemeral_1h_input_tokens: usage.cache_creation_1h_input_tokens,
        },
        output_tokens: 1,
        service_tier: 'standard',
      },
    },
  });
}

function usageOf({ usage }: FrameContext): object {
  return {
    input_tokens: usage.input_tokens,
    cache_creation_input_tokens: usage.cache_creation_5m_input_tokens + usage.cache_creation_1h_input_tokens,
    cache_read_input_tokens: usage.cache_read_input_tokens,
  };
}

function blockFrames(block: ScriptBlock, index: number, callId: string, script: ReadScript): Frame[] {
  const open = (kind: Frame['kind'], fields: object) =>
    frame(kind, 'content_block_start', { index, content_block: fields });
  const delta = (kind: Frame['kind'], fields: object) =>
    frame(kind, 'content_block_delta', { index, delta: fields });
  const stop = frame('other', 'content_block_stop', { index });
  switch (block.type) {
    case 'text':
      return [
        open('other', { type: 'text', text: '', citations: null }),
        ...piecesOf(textOf(block), script).map((text) => delta('text', { type: 'text_delta', text })),
        stop,
      ];
    case 'thinking':
      return [
        open('other', { type: 'thinking', thinking: '', signature: '' }),
        ...piecesOf(block.text, script).map((thinking) =>
          delta('thinking', { type: 'thinking_delta', thinking }),
        ),
        delta('thinking', { type: 'signature_delta', signature: signatureOf(block.text) }),
        stop,
      ];
    case 'hidden_thinking':
      return [open('thinking', { type: 'redacted_thinking', data: hiddenThinking(index) }), stop];
    case 'tool_use':
      return [
        open('tool-start', { type: 'tool_use', id: block.id ?? callId, name: block.name, input: {} }),
        ...jsonPieces(rawInputOf(block)).map((partial) =>
          delta('tool-input', { type: 'input_json_delta', partial_json: partial }),
        ),
        stop,
      ];
    default:
      return block satisfies never;
  }
}

function asSaid(block: ScriptBlock, index: number, callId: string): AssistantBlock {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: textOf(block) };
    case 'thinking':
      return { type: 'thinking', thinking: block.text, signature: signatureOf(block.text) };
    case 'hidden_thinking':
      return { type: 'redacted_thinking', data: hiddenThinking(index) };
    case 'tool_use':
      return { type: 'tool_use', id: block.id ?? callId, name: block.name, input: inputSaid(block) };
    default:
      return block satisfies never;
  }
}
