import type {
  ResponseFunctionCallOutputItem,
  ResponseInputContent,
  ResponseInputItem,
} from 'openai/resources/responses/responses';
import { AppError } from '../../../../core/errors.ts';
import type { ContentBlock, ToolResultBlock, TranscriptMessage } from '../../../../core/session/content.ts';
import { wireCallIds } from '../../call-ids.ts';
import { isVisibleText, toTurns, type ConversationTurn } from '../../conversation.ts';
import { textOfContent } from '../../text-content.ts';
import type { ToolNames } from '../../tool-names.ts';
import { readReasoningItem } from './reasoning-item.ts';

/** The `input` of a request: one list of items for both sides. */
export function toInputItems(
  transcript: readonly TranscriptMessage[],
  options: { provider: string; names: ToolNames },
): ResponseInputItem[] {
  const turns = toTurns(transcript, options.provider);
  const wireId = wireCallIds(turns, options.provider, (id) => /^[a-zA-Z0-9_-]{1,64}$/.test(id));
  return turns.flatMap((turn) =>
    turn.role === 'assistant' ? assistantItems(turn, options.names, wireId) : userItems(turn, wireId),
  );
}

function assistantItems(
  turn: Extract<ConversationTurn, { role: 'assistant' }>,
  names: ToolNames,
  wireId: (id: string) => string,
): ResponseInputItem[] {
  // The vendor refuses reasoning that nothing follows, as an answer that was cut off leaves it.
  const end = turn.blocks.findLastIndex(({ type }) => type !== 'opaque');
  return turn.blocks.slice(0, end + 1).flatMap((block): ResponseInputItem[] => {
    switch (block.type) {
      case 'text':
        return [{ type: 'message', role: 'assistant', content: block.text }];
      case 'tool_use':
        return [
          {
            type: 'function_call',
            call_id: wireId(block.id),
            name: names.toWire(block.name),
            arguments: JSON.stringify(block.input),
          },
        ];
      case 'opaque': {
        const item = readReasoningItem(block.data);
        return item === undefined ? [] : [item];
      }
      default:
        return block satisfies never;
    }
  });
}

function userItems(
  turn: Extract<ConversationTurn, { role: 'user' }>,
  wireId: (id: string) => string,
): ResponseInputItem[] {
  const items: ResponseInputItem[] = turn.results.map((result) => ({
    type: 'function_call_output',
    call_id: wireId(result.tool_use_id),
    output: outputOf(result),
  }));
  if (turn.content.length > 0)
    items.push({ type: 'message', role: 'user', content: turn.content.map(toInputContent) });
  for (const { text } of turn.system) items.push({ type: 'message', role: 'developer', content: text });
  if (items.length === 0)
    items.push({ type: 'message', role: 'user', content: '(The conversation goes on from here.)' });
  return items;
}

function outputOf(result: ToolResultBlock): string | ResponseFunctionCallOutputItem[] {
  const visible = result.content.filter((block) => block.type !== 'text' || isVisibleText(block));
  const failed = result.is_error ? 'The tool call failed:\n' : '';
  const texts = visible.map(textOfContent).filter((text) => text !== undefined);
  if (texts.length === visible.length)
    return `${failed}${texts.length === 0 ? '(no output)' : texts.join('\n')}`;
  const items = visible.map(toInputContent);
  return failed === '' ? items : [{ type: 'input_text', text: failed.trim() }, ...items];
}

function toInputContent(block: ContentBlock): ResponseInputContent {
  const text = textOfContent(block);
  if (text !== undefined) return { type: 'input_text', text };
  if (block.type === 'image' && block.source.type !== 'stored') {
    const { source } = block;
    const url = source.type === 'url' ? source.url : `data:${source.media_type};base64,${source.data}`;
    return { type: 'input_image', detail: 'auto', image_url: url };
  }
  if (block.type === 'document') {
    const { source } = block;
    if (source.type === 'url') return { type: 'input_file', file_url: source.url };
    if (source.type === 'base64')
      return {
        type: 'input_file',
        filename: `${block.title ?? 'document'}.pdf`,
        file_data: `data:${source.media_type};base64,${source.data}`,
      };
  }
  throw new AppError('model_request_refused', `The content of a ${block.type} is missing from the request.`);
}
