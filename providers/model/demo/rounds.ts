import type { ToolResultBlock, ToolUseBlock, TranscriptMessage } from '../../../core/session/content.ts';

/** One answer of the model that called tools, with what they gave. */
export interface Round {
  calls: { name: string; text: string; isError: boolean }[];
}

export interface Situation {
  /** What the user last said; empty if nothing was. */
  ask: string;
  /** What was done about it so far. */
  rounds: Round[];
  /** Texts of the model before that. */
  earlierAnswers: string[];
  /** Tool uses in the whole conversation. */
  toolUses: number;
  /** Whether the model has said anything at all. */
  isFirstAnswer: boolean;
}

/** Reads from the transcript where the conversation stands. */
export function situationOf(messages: readonly TranscriptMessage[]): Situation {
  const askIndex = messages.findLastIndex((message) => message.role === 'user' && textOf(message) !== '');
  const results = new Map<string, ToolResultBlock>();
  for (const { content } of messages)
    for (const block of content) if (block.type === 'tool_result') results.set(block.tool_use_id, block);
  const answers = messages.filter(({ role }) => role === 'assistant');
  const since = messages.slice(askIndex + 1).filter(({ role }) => role === 'assistant');
  const asked = messages[askIndex];
  return {
    ask: asked === undefined ? '' : textOf(asked),
    rounds: since.map(toolUsesOf).map((uses) => ({ calls: uses.map((use) => callOf(use, results)) })),
    earlierAnswers: messages
      .slice(0, askIndex)
      .filter(({ role }) => role === 'assistant')
      .map(textOf),
    toolUses: answers.flatMap(toolUsesOf).length,
    isFirstAnswer: answers.length === 0,
  };
}

/** Blocks that the service adds to what a user says. */
const ADDED = /^(?:\[Attached file: |\[The file .* lies in your sandbox at |<skill name=)/;

function textOf({ content }: TranscriptMessage): string {
  const texts = content.flatMap((block) =>
    block.type === 'text' && !ADDED.test(block.text) ? [block.text] : [],
  );
  return texts.join('\n').trim();
}

function toolUsesOf({ content }: TranscriptMessage): ToolUseBlock[] {
  return content.filter((block) => block.type === 'tool_use');
}

function callOf(use: ToolUseBlock, results: ReadonlyMap<string, ToolResultBlock>): Round['calls'][number] {
  const result = results.get(use.id);
  const text = (result?.content ?? []).map((block) =>
    block.type === 'text' ? block.text : `[${block.type === 'image' ? 'an image' : 'a document'}]`,
  );
  return { name: use.name, text: text.join('\n'), isError: result?.is_error ?? true };
}
