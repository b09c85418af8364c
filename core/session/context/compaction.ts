import type { TranscriptMessage } from '../content.ts';

const BEGINNING = 'The conversation so far no longer fits and will be replaced by your summary of it.';

const ASK = `${BEGINNING} Write that summary now, in plain text, and call no tools. Whoever goes on has nothing else, so keep:
- what the user asked for, word for word where the wording matters, and every instruction that still holds;
- what has been done, with the names of files, commands, identifiers and numbers that will be needed again;
- what was found out, what failed and why;
- what is under way and what comes next.
Leave out what is settled and of no use any more.`;

const HEAD = 'The earlier part of this conversation was replaced by this summary:';

/** The messages to ask for a summary with: the part to be summarised as it was sent before, which the vendor has in its cache. */
export function compactionRequest(head: readonly TranscriptMessage[]): TranscriptMessage[] {
  return [...head, { role: 'user', content: [{ type: 'text', text: ASK }] }];
}

/** The same for a conversation that was written out as text. */
export function writtenOutRequest(conversation: string): TranscriptMessage[] {
  const text = `<conversation>\n${conversation}\n</conversation>\n\n${ASK}`;
  return [{ role: 'user', content: [{ type: 'text', text }] }];
}

/**
 * The summary in a response; undefined where the model wrote none, so that it has to be asked again. What it says before it calls a tool
 * is none either.
 */
export function summaryIn(blocks: readonly { type: string; text?: string }[]): string | undefined {
  if (blocks.some(({ type }) => type === 'tool_use')) return undefined;
  const text = blocks
    .flatMap((block) => (block.type === 'text' ? [block.text ?? ''] : []))
    .join('\n\n')
    .trim();
  return text === '' ? undefined : text.toWellFormed();
}

/** Whether a message asks for a summary: for models that follow a script. */
export function asksForSummary(text: string): boolean {
  return text.includes(BEGINNING);
}

/** What stands for the summarised part from now on. */
export function summaryMessage(summary: string): TranscriptMessage {
  return { role: 'user', content: [{ type: 'text', text: `${HEAD}\n\n${summary}` }] };
}
