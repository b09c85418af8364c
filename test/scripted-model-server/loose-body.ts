import type { RequestSummary } from './format.ts';

/** What may be read from a body of any shape: the answer to a wrong request names what is wrong. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text of a string, or of a list of parts that have one. */
export function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  const texts = listOf(content).map((part) => fieldOf(part, 'text'));
  return texts.filter((text) => typeof text === 'string').join('\n');
}

/** Sums up a conversation that was read loosely. */
export function summaryOf(fields: {
  model: unknown;
  userTexts: string[];
  answers: number;
  tools: unknown[];
}): RequestSummary {
  return {
    model: typeof fields.model === 'string' ? fields.model : '',
    firstUserText: fields.userTexts[0] ?? '',
    lastUserText: fields.userTexts.findLast((text) => text !== '') ?? '',
    answers: fields.answers,
    tools: fields.tools.filter((name) => typeof name === 'string'),
  };
}
