import type {
  ContentBlock as WireBlock,
  ConverseStreamCommandInput,
  ImageFormat,
  Message,
  Tool,
  ToolResultContentBlock,
} from '@aws-sdk/client-bedrock-runtime';
import { AppError } from '../../../../../core/errors.ts';
import type { JsonObject } from '../../../../../core/json.ts';
import type { Effort } from '../../../../../core/models/model-entry.ts';
import type { ContentBlock, ToolResultBlock } from '../../../../../core/session/content.ts';
import { wireCallIds } from '../../../call-ids.ts';
import { toTurns, type ConversationTurn } from '../../../conversation.ts';
import { defined } from '../../../defined.ts';
import type { ModelRequest } from '../../../model-provider.ts';
import { nearestEffort } from '../../../nearest-effort.ts';
import { systemNote } from '../../../system-note.ts';
import { textOfContent } from '../../../text-content.ts';
import type { ToolNames } from '../../../tool-names.ts';
import { toToolSchema } from '../../../tool-schema/to-tool-schema.ts';

/** What of a model the request depends on. */
export interface ConverseTraits {
  efforts: readonly Effort[];
  pdf: boolean;
}

type Document = NonNullable<ConverseStreamCommandInput['additionalModelRequestFields']>;

/** A request of Converse. What the model thought before does not go back: most of these models refuse it there. */
export function toConverseRequest(
  request: ModelRequest,
  traits: ConverseTraits,
  options: { provider: string; names: ToolNames; extraBody: JsonObject },
): ConverseStreamCommandInput {
  const { provider, names, extraBody } = options;
  const turns = toTurns(request.messages, provider);
  const wireId = wireCallIds(turns, provider, (id) => /^[a-zA-Z0-9_-]{1,64}$/.test(id));
  const tools = [...offeredTools(request, names), ...formerTools(request, turns, names)];
  const fields = { ...effortFields(request, traits), ...extraBody };
  let documents = 0;
  const nameDocument = (): string => `Document ${String((documents += 1))}`;
  return {
    modelId: request.model,
    messages: turns.map((turn) => toMessage(turn, { names, wireId, pdf: traits.pdf, nameDocument })),
    inferenceConfig: {
      maxTokens: request.maxOutputTokens,
      ...defined({
        temperature: request.settings?.temperature,
        topP: request.settings?.top_p,
        stopSequences: request.settings?.stop_sequences,
      }),
    },
    ...(/\S/.test(request.system) ? { system: [{ text: request.system }] } : {}),
    ...(tools.length > 0 ? { toolConfig: { tools } } : {}),
    ...(Object.keys(fields).length > 0 ? { additionalModelRequestFields: fields } : {}),
  };
}

/** Each vendor has its own name for it, and the others refuse it. */
function effortFields(request: ModelRequest, { efforts }: ConverseTraits): JsonObject {
  const effort = nearestEffort(request.effort, efforts);
  return effort === undefined || !/(^|[./])openai\./.test(request.model) ? {} : { reasoning_effort: effort };
}

function offeredTools({ tools }: ModelRequest, names: ToolNames): Tool[] {
  return tools.map(({ name, description, input_schema: schema }) => ({
    toolSpec: {
      name: names.toWire(name),
      ...(/\S/.test(description) ? { description } : {}),
      inputSchema: { json: { ...toToolSchema(schema, 'compatible'), type: 'object' } },
    },
  }));
}

/** Calls in the history are refused where their tool is not offered any more. */
function formerTools({ tools }: ModelRequest, turns: readonly ConversationTurn[], names: ToolNames): Tool[] {
  if (tools.length > 0) return [];
  const used = turns.flatMap((turn) =>
    turn.role === 'assistant'
      ? turn.blocks.flatMap((block) => (block.type === 'tool_use' ? [names.toWire(block.name)] : []))
      : [],
  );
  return [...new Set(used)].map((name) => ({
    toolSpec: {
      name,
      description: 'No longer offered: do not call it.',
      inputSchema: { json: { type: 'object', properties: {} } },
    },
  }));
}

interface Wire {
  names: ToolNames;
  wireId: (id: string) => string;
  pdf: boolean;
  /** Two documents of the same name in a request are refused, in whatever messages they are. */
  nameDocument: () => string;
}

function toMessage(turn: ConversationTurn, wire: Wire): Message {
  if (turn.role === 'user') return { role: 'user', content: userContent(turn, wire) };
  const content = turn.blocks.flatMap((block): WireBlock[] => {
    if (block.type === 'text') return [{ text: block.text }];
    if (block.type === 'opaque') return [];
    const input = block.input as Document;
    return [{ toolUse: { toolUseId: wire.wireId(block.id), name: wire.names.toWire(block.name), input } }];
  });
  return { role: 'assistant', content: content.length > 0 ? content : [{ text: '(nothing)' }] };
}

function userContent(turn: Extract<ConversationTurn, { role: 'user' }>, wire: Wire): WireBlock[] {
  const results: WireBlock[] = [];
  const shown: WireBlock[] = [];
  for (const result of turn.results) {
    const toolUseId = wire.wireId(result.tool_use_id);
    const { content, media } = splitResult(result);
    results.push({
      toolResult: { toolUseId, content, status: result.is_error ? 'error' : 'success' },
    });
    // Few models take anything but text in a result, so what a tool showed follows as the user's.
    if (media.length > 0)
      shown.push(
        { text: `Shown by the tool call ${toolUseId}:` },
        ...media.map((block) => toBlock(block, wire)),
      );
  }
  const said = turn.content.map((block) => toBlock(block, wire));
  const notes = turn.system.map(({ text }): WireBlock => ({ text: systemNote(text) }));
  const content = [...results, ...shown, ...said, ...notes];
  // A document is refused in a message that has no text beside it.
  const isBare = content.some(({ document }) => document) && !content.some(({ text }) => text);
  if (isBare) content.push({ text: '(See the document.)' });
  return content.length > 0 ? content : [{ text: '(The conversation goes on from here.)' }];
}

function splitResult(result: ToolResultBlock): { content: ToolResultContentBlock[]; media: ContentBlock[] } {
  const texts = result.content.map(textOfContent);
  const media = result.content.filter((_block, index) => texts[index] === undefined);
  const said = texts.filter((text) => text !== undefined && /\S/.test(text)).join('\n');
  return {
    content: [{ text: said !== '' ? said : media.length > 0 ? '(see below)' : '(no output)' }],
    media,
  };
}

function toBlock(block: ContentBlock, { pdf, nameDocument }: Wire): WireBlock {
  const text = textOfContent(block);
  if (text !== undefined) return { text };
  if (block.type === 'image' && block.source.type === 'base64') {
    const { media_type: type, data } = block.source;
    const format = type.replace(/^image\//, '').replace('jpg', 'jpeg') as ImageFormat;
    return { image: { format, source: { bytes: Buffer.from(data, 'base64') } } };
  }
  if (block.type === 'document' && block.source.type === 'base64' && pdf)
    return {
      document: {
        format: 'pdf',
        name: nameDocument(),
        source: { bytes: Buffer.from(block.source.data, 'base64') },
      },
    };
  throw new AppError(
    'model_request_refused',
    `The model takes no ${block.type} of this kind; give it as text or base64 first.`,
  );
}
