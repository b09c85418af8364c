import type { Json, JsonObject } from '../../../../core/json.ts';
import { isJsonObject } from '../../tool-input.ts';

/**
 * How servers that speak this protocol show reasoning, beyond what OpenAI defines: as text under one of two names, or as a list of
 * details that must come back as it was.
 */
export interface ReasoningFields {
  reasoning_content?: string;
  reasoning?: string;
  /** OpenRouter and MiniMax. */
  reasoning_details?: JsonObject[];
  /** LiteLLM: Anthropic's blocks with their signatures. */
  thinking_blocks?: JsonObject[];
}

/** What an answer's opaque blocks hold. */
export interface KeptReasoning {
  fields: ReasoningFields;
  /** Reasoning that came as a part of the content, as Mistral has it, and goes back as one. */
  part: string;
}

/** The reasoning of one answer, from all of its opaque blocks: an answer that was continued has several. */
export function readReasoning(blocks: readonly Json[]): KeptReasoning {
  const fields: ReasoningFields = {};
  let part = '';
  for (const data of blocks) {
    if (!isJsonObject(data) || data['type'] !== 'chat_reasoning') continue;
    for (const name of TEXTS) {
      const text = data[name];
      if (typeof text === 'string') fields[name] = (fields[name] ?? '') + text;
    }
    for (const name of LISTS) {
      const list = data[name];
      if (Array.isArray(list)) fields[name] = [...(fields[name] ?? []), ...list.filter(isJsonObject)];
    }
    if (typeof data['content_part'] === 'string') part += data['content_part'];
  }
  return { fields, part };
}

const TEXTS = ['reasoning_content', 'reasoning'] as const;
const LISTS = ['reasoning_details', 'thinking_blocks'] as const;

/** The name that a server has for reasoning as a text. */
export type ReasoningName = (typeof TEXTS)[number];

/** The name under which a conversation's newest reasoning came; that of most servers where there is none. */
export function reasoningNameIn(newestFirst: Iterable<Json>): ReasoningName {
  for (const data of newestFirst) {
    if (!isJsonObject(data)) continue;
    const name = TEXTS.find((known) => typeof data[known] === 'string');
    if (name !== undefined) return name;
  }
  return 'reasoning_content';
}

/** Gathers the reasoning of a stream. */
export interface ReasoningCollector {
  /** Whether the delta holds any. */
  add(delta: object): boolean;
  /** The data of the opaque block, if there was any. */
  data(): JsonObject | undefined;
}

export function createReasoningCollector(): ReasoningCollector {
  const texts: { reasoning_content?: string; reasoning?: string } = {};
  const details = new Map<string, JsonObject>();
  const thinkingBlocks: JsonObject[] = [];
  let part = '';
  return {
    add(delta) {
      let any = false;
      const shown = thinkingIn('content' in delta ? delta.content : undefined);
      part += shown;
      any ||= shown !== '';
      for (const block of 'thinking_blocks' in delta && Array.isArray(delta.thinking_blocks)
        ? delta.thinking_blocks
        : []) {
        if (!isJsonObject(block)) continue;
        addThinkingBlock(thinkingBlocks, block);
        any = true;
      }
      for (const name of ['reasoning_content', 'reasoning'] as const) {
        const piece: unknown = name in delta ? (delta as Record<string, unknown>)[name] : undefined;
        if (typeof piece !== 'string' || piece === '') continue;
        texts[name] = (texts[name] ?? '') + piece;
        any = true;
      }
      const pieces: unknown = 'reasoning_details' in delta ? delta.reasoning_details : undefined;
      for (const [position, piece] of (Array.isArray(pieces) ? pieces : []).entries()) {
        if (!isJsonObject(piece)) continue;
        const key = JSON.stringify([piece['type'], piece['index'] ?? position]);
        details.set(key, merged(details.get(key) ?? {}, piece));
        any = true;
      }
      return any;
    },
    data() {
      const isEmpty = Object.keys(texts).length === 0 && details.size === 0;
      if (isEmpty && thinkingBlocks.length === 0 && part === '') return undefined;
      return {
        type: 'chat_reasoning',
        ...texts,
        ...(details.size > 0 ? { reasoning_details: [...details.values()] } : {}),
        ...(thinkingBlocks.length > 0 ? { thinking_blocks: thinkingBlocks } : {}),
        ...(part === '' ? {} : { content_part: part }),
      };
    },
  };
}

/** The text of the parts of a content that are thinking. */
function thinkingIn(content: unknown): string {
  if (!Array.isArray(content)) return '';
  return content
    .map((shown: unknown) => {
      if (!isJsonObject(shown) || shown['type'] !== 'thinking') return '';
      const { thinking } = shown;
      if (typeof thinking === 'string') return thinking;
      return Array.isArray(thinking)
        ? thinking
            .map((piece) => (isJsonObject(piece) && typeof piece['text'] === 'string' ? piece['text'] : ''))
            .join('')
        : '';
    })
    .join('');
}

/** A block is streamed in pieces without a number; its signature ends it. */
function addThinkingBlock(blocks: JsonObject[], piece: JsonObject): void {
  const last = blocks.at(-1);
  const goesOn = last?.['type'] === 'thinking' && piece['type'] === 'thinking' && !last['signature'];
  if (!goesOn || last === undefined) {
    blocks.push({ ...piece });
    return;
  }
  const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
  last['thinking'] = text(last['thinking']) + text(piece['thinking']);
  if (typeof piece['signature'] === 'string' && piece['signature'] !== '')
    last['signature'] = piece['signature'];
}

const STREAMED = new Set(['text', 'summary', 'data']);

/** The pieces of one detail add up where they are text that is streamed; everything else is named once. */
function merged(before: JsonObject, piece: JsonObject): JsonObject {
  const result = { ...before };
  for (const [name, value] of Object.entries(piece)) {
    const known = result[name];
    if (STREAMED.has(name) && typeof known === 'string' && typeof value === 'string')
      result[name] = known + value;
    else if (value !== null || known === undefined) result[name] = value;
  }
  return result;
}
