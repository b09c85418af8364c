import type { Content, FunctionResponse, Part } from '@google/genai';
import { AppError } from '../../../core/errors.ts';
import type {
  ContentBlock,
  ToolResultBlock,
  ToolUseBlock,
  TranscriptMessage,
} from '../../../core/session/content.ts';
import { wireCallIds } from '../call-ids.ts';
import { isVisibleText, toTurns, type ConversationTurn } from '../conversation.ts';
import { systemNote } from '../system-note.ts';
import { textOfContent } from '../text-content.ts';
import type { ToolNames } from '../tool-names.ts';
import { callSignature, signatureIn } from './part-data.ts';

interface Options {
  provider: string;
  names: ToolNames;
  /** Whether a tool's result may hold images; else they follow it. */
  mediaInResults: boolean;
  /** Whether the first call of an answer of its own goes with a stand-in where it has no signature. */
  standInSignature: boolean;
}

/** The `contents` of a request. */
export function toGeminiContents(transcript: readonly TranscriptMessage[], options: Options): Content[] {
  const turns = toTurns(transcript, options.provider);
  const wireId = wireCallIds(turns, options.provider, (id) => id !== '');
  let calls: ToolUseBlock[] = [];
  return turns.map((turn): Content => {
    if (turn.role === 'assistant') {
      calls = turn.blocks.filter((block) => block.type === 'tool_use');
      return { role: 'model', parts: modelParts(turn, options, wireId) };
    }
    return { role: 'user', parts: userParts(turn, calls, options, wireId) };
  });
}

type WireId = (toolUseId: string) => string;

function modelParts(
  turn: Extract<ConversationTurn, { role: 'assistant' }>,
  { provider, names, standInSignature }: Options,
  wireId: WireId,
): Part[] {
  const parts: Part[] = [];
  let calls = 0;
  for (const block of turn.blocks) {
    if (block.type === 'text') parts.push({ text: block.text });
    else if (block.type === 'opaque') {
      const thoughtSignature = signatureIn(block.data);
      if (thoughtSignature !== undefined) parts.push({ text: '', thoughtSignature });
    } else {
      const position = calls === 0 ? 'first' : 'later';
      const signature =
        callSignature(block.vendor, provider, position) ??
        (standInSignature ? callSignature(undefined, provider, position) : undefined);
      calls += 1;
      parts.push({
        functionCall: { ...idOf(block, provider, wireId), name: names.toWire(block.name), args: block.input },
        ...(signature === undefined ? {} : { thoughtSignature: signature }),
      });
    }
  }
  // Thoughts alone do not go back, but an answer cannot be empty.
  return parts.length > 0 ? parts : [{ text: '(no answer)' }];
}

/** The vendor matches results by their order where it gave no ids. */
function idOf(call: ToolUseBlock, provider: string, wireId: WireId): { id?: string } {
  return call.vendor?.provider === provider && call.vendor.callId !== null ? { id: wireId(call.id) } : {};
}

function userParts(
  turn: Extract<ConversationTurn, { role: 'user' }>,
  calls: readonly ToolUseBlock[],
  options: Options,
  wireId: WireId,
): Part[] {
  const results: Part[] = [];
  const after: Part[] = [];
  // As many results as calls, in the order of the calls.
  for (const call of calls) {
    const result = turn.results.find((candidate) => candidate.tool_use_id === call.id);
    if (result === undefined) continue;
    const { response, media } = toFunctionResponse(result);
    results.push({
      functionResponse: {
        ...idOf(call, options.provider, wireId),
        name: options.names.toWire(call.name),
        ...response,
        ...(media.length > 0 && options.mediaInResults ? { parts: media } : {}),
      },
    });
    if (media.length > 0 && !options.mediaInResults) after.push({ text: `Shown by ${call.name}:` }, ...media);
  }
  const parts = [
    ...results,
    ...after,
    ...turn.content.map(toPart),
    ...turn.system.map(({ text }) => ({ text: systemNote(text) })),
  ];
  return parts.length > 0 ? parts : [{ text: '(The conversation goes on from here.)' }];
}

type Media = NonNullable<FunctionResponse['parts']>[number];

function toFunctionResponse(result: ToolResultBlock): {
  response: { response: Record<string, unknown> };
  media: Media[];
} {
  const visible = result.content.filter((block) => block.type !== 'text' || isVisibleText(block));
  const texts = visible.map(textOfContent);
  const media = visible.filter((_block, index) => texts[index] === undefined).map(toMedia);
  const said = texts.filter((text) => text !== undefined).join('\n');
  const text = said === '' ? (media.length > 0 ? '(see the parts)' : '(no output)') : said;
  return { response: { response: result.is_error ? { error: text } : { output: text } }, media };
}

function toPart(block: ContentBlock): Part {
  const text = textOfContent(block);
  return text === undefined ? toMedia(block) : { text };
}

function toMedia(block: ContentBlock): Media {
  if (block.type === 'image' || block.type === 'document') {
    const { source } = block;
    if (source.type === 'base64') return { inlineData: { mimeType: source.media_type, data: source.data } };
    if (source.type === 'url')
      return {
        fileData: { fileUri: source.url, mimeType: block.type === 'image' ? 'image/*' : 'application/pdf' },
      };
  }
  throw new AppError('model_request_refused', `The content of a ${block.type} is missing from the request.`);
}
