import type { FunctionCall, GenerateContentResponse, Part } from '@google/genai';
import type { ReadState, StreamReader } from '../adapter-stream.ts';
import { finishKind, laterReason } from '../finish-words.ts';
import type { ModelStreamPart } from '../model-provider.ts';
import { createTextPreview } from '../text-preview.ts';
import { toModelError } from '../vendor-failure.ts';
import { geminiUsage } from './gemini-usage.ts';

export type CollectedPart =
  | { type: 'text'; text: string }
  | { type: 'thinking'; text: string }
  /** A signature without a part of its own. */
  | { type: 'signature'; thoughtSignature: string }
  | { type: 'tool_use'; call: FunctionCall; thoughtSignature: string | undefined };

export interface CollectedGemini {
  parts: CollectedPart[];
  finish: string | null;
  finishMessage: string | undefined;
  usage: GenerateContentResponse['usageMetadata'];
  responseId: string | undefined;
  modelVersion: string | undefined;
}

/** Follows the chunks of one answer. The reason for its end may stand in any chunk. */
export function createGeminiStreamReader(
  vendor: string,
): StreamReader<GenerateContentResponse> & { readonly answer: CollectedGemini } {
  const answer: CollectedGemini = {
    parts: [],
    finish: null,
    finishMessage: undefined,
    usage: undefined,
    responseId: undefined,
    modelVersion: undefined,
  };
  let state: ReadState = 'open';
  let preview = createTextPreview();

  const open = (part: CollectedPart, block: 'text' | 'thinking' | 'tool_use'): ModelStreamPart => {
    answer.parts.push(part);
    return { type: 'block-start', index: answer.parts.length - 1, block };
  };

  const readText = (type: 'text' | 'thinking', piece: string): ModelStreamPart[] => {
    const shown: ModelStreamPart[] = [];
    const last = answer.parts.at(-1);
    if (last?.type === type) {
      last.text += piece;
    } else {
      preview = createTextPreview();
      shown.push(open({ type, text: piece }, type));
    }
    if (type === 'thinking') return shown;
    const text = preview.push(piece);
    return text === '' ? shown : [...shown, { type: 'text-delta', index: answer.parts.length - 1, text }];
  };

  const readPart = (part: Part): ModelStreamPart[] => {
    const { thoughtSignature } = part;
    if (part.functionCall !== undefined)
      return [open({ type: 'tool_use', call: part.functionCall, thoughtSignature }, 'tool_use')];
    const shown =
      part.text === undefined || part.text === ''
        ? []
        : readText(part.thought === true ? 'thinking' : 'text', part.text);
    if (thoughtSignature !== undefined) shown.push(open({ type: 'signature', thoughtSignature }, 'thinking'));
    return shown;
  };

  return {
    answer,
    get state() {
      return state;
    },
    marked() {
      if (answer.parts.length === 0) return;
      answer.finish = 'STOP';
      state = 'ended';
    },
    read(chunk) {
      const counted: ModelStreamPart[] =
        chunk.usageMetadata === undefined ? [] : [{ type: 'usage', usage: geminiUsage(chunk.usageMetadata) }];
      answer.usage = chunk.usageMetadata ?? answer.usage;
      answer.responseId = chunk.responseId ?? answer.responseId;
      answer.modelVersion = chunk.modelVersion ?? answer.modelVersion;
      const candidate = chunk.candidates?.[0];
      const shown = (candidate?.content?.parts ?? []).flatMap(readPart);
      // Gateways write the word for none, the first of the enumeration, into every chunk but the last.
      const given: string | undefined = candidate?.finishReason;
      const finish = given === 'FINISH_REASON_UNSPECIFIED' ? undefined : given;
      if (finish) state = shown.length > 0 ? 'reasoned' : 'settled';
      else if (shown.length > 0 && state !== 'open') state = 'reasoned';
      answer.finish = laterReason(answer.finish, finish);
      answer.finishMessage = candidate?.finishMessage ?? answer.finishMessage;
      const blocked = chunk.promptFeedback?.blockReason;
      if (blocked !== undefined) {
        answer.finish = blocked;
        state = 'settled';
        answer.finishMessage =
          chunk.promptFeedback?.blockReasonMessage ?? `the prompt was blocked: ${blocked}`;
      }
      if (answer.finish !== null && blocked === undefined && finishKind(answer.finish) === 'broken')
        throw toModelError({
          vendor,
          message: `the answer broke off (${answer.finish}${answer.finishMessage === undefined ? '' : `: ${answer.finishMessage}`})`,
        });
      return [...counted, ...shown];
    },
  };
}
