import type { Frame, FrameContext } from '../../format.ts';
import { inputSaid, jsonPieces, piecesOf, rawInputOf, textOf } from '../../pieces.ts';
import type { ReadScript, ScriptBlock } from '../../script.ts';
import { signatureOf } from '../../signatures.ts';
import type { InputItem } from './responses-request-schema.ts';

type Write = (kind: Frame['kind'], type: string, fields: object) => void;

/** The stream of a script, in the events of a response. */
export function responsesFrames(
  script: ReadScript,
  context: FrameContext,
  remember: (items: InputItem[]) => void,
): Frame[] {
  const frames: Frame[] = [];
  const write: Write = (kind, type, fields) => {
    frames.push({
      kind,
      event: type,
      data: JSON.stringify({ type, sequence_number: frames.length, ...fields }),
    });
  };
  const calls = script.blocks.some(({ type }) => type === 'tool_use');
  const stop = script.stop ?? (calls ? 'tool_use' : 'end_turn');
  const cut = stop === 'max_tokens' || stop === 'context_overflow';
  write('head', 'response.created', { response: responseOf(context, 'in_progress', []) });
  write('other', 'response.in_progress', { response: responseOf(context, 'in_progress', []) });
  const items: object[] = [];
  const said: InputItem[] = [];
  for (const [index, block] of script.blocks.entries()) {
    const unfinished = cut && index === script.blocks.length - 1;
    items.push(writeBlock(block, index, { script, context, write, unfinished }));
    said.push(asSaid(block, index, context.n));
  }
  if (stop === 'refusal') items.push(writeRefusal(script, items.length, context, write));
  const status = cut ? 'incomplete' : 'completed';
  const details = cut ? { incomplete_details: { reason: 'max_output_tokens' } } : {};
  write('end', `response.${status}`, { response: { ...responseOf(context, status, items), ...details } });
  if (stop === 'tool_use' || stop === 'end_turn') remember(said);
  return frames;
}

interface Place {
  script: ReadScript;
  context: FrameContext;
  write: Write;
  unfinished: boolean;
}

function writeBlock(
  block: ScriptBlock,
  output: number,
  { script, context, write, unfinished }: Place,
): object {
  const at = { output_index: output };
  const status = unfinished ? 'incomplete' : 'completed';
  const id = `${String(context.n)}_${String(output)}`;
  switch (block.type) {
    case 'text': {
      const item = { id: `msg_${id}`, type: 'message', role: 'assistant' };
      const text = textOf(block);
      const part = { type: 'output_text', text, annotations: [], logprobs: [] };
      const inPart = { ...at, item_id: item.id, content_index: 0 };
      write('other', 'response.output_item.added', {
        ...at,
        item: { ...item, status: 'in_progress', content: [] },
      });
      write('other', 'response.content_part.added', { ...inPart, part: { ...part, text: '' } });
      for (const delta of piecesOf(text, script))
        write('text', 'response.output_text.delta', { ...inPart, delta, logprobs: [] });
      write('other', 'response.output_text.done', { ...inPart, text, logprobs: [] });
      write('other', 'response.content_part.done', { ...inPart, part });
      const done = { ...item, status, content: [part] };
      write('other', 'response.output_item.done', { ...at, item: done });
      return done;
    }
    case 'thinking':
    case 'hidden_thinking': {
      const item = reasoningOf(block, output, context.n);
      write('thinking', 'response.output_item.added', { ...at, item: { ...item, summary: [] } });
      if (block.type === 'thinking')
        for (const delta of piecesOf(block.text, script))
          write('thinking', 'response.reasoning_summary_text.delta', {
            ...at,
            item_id: item.id,
            summary_index: 0,
            delta,
          });
      write('other', 'response.output_item.done', { ...at, item: { ...item, status: 'completed' } });
      return item;
    }
    case 'tool_use': {
      const item = {
        id: `fc_${id}`,
        type: 'function_call',
        call_id: block.id ?? `call_${id}`,
        name: block.name,
      };
      const json = rawInputOf(block);
      const inItem = { ...at, item_id: item.id };
      write('tool-start', 'response.output_item.added', {
        ...at,
        item: { ...item, arguments: '', status: 'in_progress' },
      });
      for (const delta of jsonPieces(json))
        write('tool-input', 'response.function_call_arguments.delta', { ...inItem, delta });
      write('other', 'response.function_call_arguments.done', {
        ...inItem,
        arguments: json,
        name: block.name,
      });
      const done = { ...item, arguments: json, status };
      write('other', 'response.output_item.done', { ...at, item: done });
      return done;
    }
    default:
      return block satisfies never;
  }
}

function writeRefusal(script: ReadScript, output: number, context: FrameContext, write: Write): object {
  const refusal = script.refusal?.explanation ?? 'I cannot help.';
  const item = {
    id: `msg_${String(context.n)}_refusal`,
    type: 'message',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'refusal', refusal }],
  };
  const at = { output_index: output, item_id: item.id, content_index: 0 };
  write('other', 'response.output_item.added', { output_index: output, item: { ...item, content: [] } });
  write('other', 'response.refusal.delta', { ...at, delta: refusal });
  write('other', 'response.output_item.done', { output_index: output, item });
  return item;
}

function reasoningOf(
  block: Extract<ScriptBlock, { type: 'thinking' | 'hidden_thinking' }>,
  output: number,
  n: number,
): Extract<InputItem, { type: 'reasoning' }> {
  const body = `r${String(n)}-${String(output)}`;
  return {
    type: 'reasoning',
    id: `rs_${String(n)}_${String(output)}`,
    summary: block.type === 'thinking' ? [{ type: 'summary_text', text: block.text }] : [],
    encrypted_content: `${body}.${signatureOf(body)}`,
  };
}

function asSaid(block: ScriptBlock, output: number, n: number): InputItem {
  if (block.type === 'text') return { type: 'message', role: 'assistant', content: textOf(block) };
  if (block.type !== 'tool_use') return reasoningOf(block, output, n);
  return {
    type: 'function_call',
    call_id: block.id ?? `call_${String(n)}_${String(output)}`,
    name: block.name,
    arguments: JSON.stringify(inputSaid(block)),
  };
}

function responseOf({ n, model, usage }: FrameContext, status: string, output: object[]): object {
  const input =
    usage.input_tokens +
    usage.cache_read_input_tokens +
    usage.cache_creation_5m_input_tokens +
    usage.cache_creation_1h_input_tokens;
  return {
    id: `resp_${String(n)}`,
    object: 'response',
    created_at: 1_790_000_000,
    model,
    status,
    output,
    error: null,
    incomplete_details: null,
    usage:
      status === 'in_progress'
        ? null
        : {
            input_tokens: input,
            input_tokens_details: {
              cached_tokens: usage.cache_read_input_tokens,
              cache_write_tokens: usage.cache_creation_5m_input_tokens,
            },
            output_tokens: usage.output_tokens,
            output_tokens_details: { reasoning_tokens: usage.reasoning_tokens },
            total_tokens: input + usage.output_tokens,
          },
  };
}
