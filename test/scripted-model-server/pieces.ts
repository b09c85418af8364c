import type { JsonObject } from '../../core/json.ts';
import type { ReadScript, ScriptBlock } from './script.ts';

const WORDS = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel', 'india', 'juliett'];

/** The text of a text block, filler included. */
export function textOf(block: Extract<ScriptBlock, { type: 'text' }>): string {
  if (block.text !== undefined) return block.text;
  const count = block.tokens ?? 1;
  return Array.from({ length: count }, (_unused, index) => WORDS[index % WORDS.length]).join(' ');
}

/** Cuts a text as a model streams it: in words, or in pieces of a given length. */
export function piecesOf(text: string, script: ReadScript): string[] {
  if (text === '') return [];
  const length = script.pieceLength ?? (text.length > 100_000 ? 4_096 : undefined);
  if (length === undefined) return text.match(/\s*\S+\s*|\s+/g) ?? [];
  const pieces: string[] = [];
  for (let start = 0; start < text.length; start += length) pieces.push(text.slice(start, start + length));
  return pieces;
}

/** What a tool use sends as its arguments. */
export function rawInputOf(block: Extract<ScriptBlock, { type: 'tool_use' }>): string {
  return block.rawInput ?? JSON.stringify(block.input ?? {});
}

/** Tokens of a text, roughly. */
export function roughTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

/** Output tokens of a script, roughly. */
export function outputTokensOf(script: ReadScript): number {
  let total = 0;
  for (const block of script.blocks) {
    if (block.type === 'text') total += block.tokens ?? roughTokens(textOf(block));
    else if (block.type === 'thinking') total += roughTokens(block.text);
    else if (block.type === 'tool_use') total += roughTokens(block.name + rawInputOf(block)) + 5;
    else total += 50;
  }
  return Math.max(1, total);
}

/** Arguments come in pieces that know nothing of their meaning; the first is often empty. */
export function jsonPieces(json: string): string[] {
  const pieces = [''];
  for (let start = 0; start < json.length; start += 12) pieces.push(json.slice(start, start + 12));
  return pieces;
}

/** Arguments that are no object come back as an empty one. */
export function inputSaid(block: Extract<ScriptBlock, { type: 'tool_use' }>): JsonObject {
  try {
    const value: unknown = JSON.parse(rawInputOf(block));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // No JSON: what comes back is empty.
  }
  return {};
}
