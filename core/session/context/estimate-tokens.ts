import type { Json } from '../../json.ts';
import type { ContentBlock, TranscriptBlock, TranscriptMessage } from '../content.ts';

/** Tokens of an image of the largest size that vendors keep; smaller ones cost less. */
const IMAGE_TOKENS = 1_600;
/** Base64 characters of a PDF for one token of its pages' text and pictures. */
const PDF_CHARACTERS_PER_TOKEN = 25;
/** A page of a PDF as vendors count it: its text, and a picture of it. */
const PDF_PAGE_TOKENS = 2_000;
/** What a block costs beyond its content. */
const BLOCK_TOKENS = 6;

const known = new WeakMap<TranscriptMessage, number>();

/**
 * Tokens of a message, on the high side for every vendor's tokenizer: a token per 3.3 letters of Latin script, one per letter of others.
 * The same message always has the same estimate, which trimming depends on.
 */
export function messageTokens(message: TranscriptMessage): number {
  const before = known.get(message);
  if (before !== undefined) return before;
  const tokens = message.content.reduce((sum, block) => sum + blockTokens(block), BLOCK_TOKENS);
  known.set(message, tokens);
  return tokens;
}

/** Tokens of any text. */
export function textTokens(text: string): number {
  let wide = 0;
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0x24f) wide += 1;
  return Math.ceil((text.length - wide) / 3.3 + wide);
}

/** Tokens of a value that goes along as JSON, such as the tools on offer. */
export function jsonTokens(value: unknown): number {
  return textTokens(JSON.stringify(value) ?? '');
}

export function blockTokens(block: TranscriptBlock): number {
  switch (block.type) {
    case 'tool_use':
      return BLOCK_TOKENS + textTokens(block.name) + jsonTokens(block.input) + dataTokens(block.vendor?.data);
    case 'tool_result':
      return BLOCK_TOKENS + block.content.reduce((sum, inner) => sum + contentTokens(inner), 0);
    case 'opaque':
      return BLOCK_TOKENS + dataTokens(block.data);
    default:
      return BLOCK_TOKENS + contentTokens(block);
  }
}

function dataTokens(data: Json | undefined): number {
  return data === undefined ? 0 : jsonTokens(data);
}

function contentTokens(block: ContentBlock): number {
  switch (block.type) {
    case 'text':
      return textTokens(block.text);
    case 'image':
      return IMAGE_TOKENS;
    case 'search_result':
      return block.content.reduce(
        (sum, { text }) => sum + textTokens(text),
        textTokens(block.title + block.source),
      );
    case 'document': {
      const { source } = block;
      const about = textTokens(`${block.title ?? ''}${block.context ?? ''}`);
      if (source.type === 'text') return about + textTokens(source.data);
      if (source.type === 'base64') return about + Math.ceil(source.data.length / PDF_CHARACTERS_PER_TOKEN);
      if (source.type === 'url') return about + IMAGE_TOKENS;
      // At the highest, a byte of text is a letter of Latin script.
      return about + (source.pdf ? source.pdf.pages * PDF_PAGE_TOKENS : Math.ceil(source.bytes / 3.3));
    }
    default:
      return block satisfies never;
  }
}
