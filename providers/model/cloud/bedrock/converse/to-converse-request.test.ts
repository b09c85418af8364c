import { describe, expect, it } from 'vitest';
import type { DocumentBlock, TranscriptMessage } from '../../../../../core/session/content.ts';
import { answerTo, BASH, userSays } from '../../../contract/subject.ts';
import { toolNamesOf } from '../../../tool-names.ts';
import { toConverseRequest } from './to-converse-request.ts';

const PDF: DocumentBlock = {
  type: 'document',
  source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
};
const CALL: TranscriptMessage = {
  role: 'assistant',
  content: [{ type: 'tool_use', id: 'toolu_1', name: 'bash', input: { command: 'ls' } }],
};

function contentOf(messages: TranscriptMessage[]) {
  const request = {
    model: 'us.amazon.nova-pro-v1:0',
    system: '',
    messages,
    tools: [BASH],
    maxOutputTokens: 100,
    sessionId: 'sesn_1',
  };
  const names = toolNamesOf(request, 'compatible');
  const { messages: made = [] } = toConverseRequest(
    request,
    { efforts: [], pdf: true },
    { provider: 'bedrock@aws', names, extraBody: {} },
  );
  return made.map(({ content = [] }) => content);
}

describe('documents in a request of Converse', () => {
  it('have names that differ in the whole request, and keep them as the conversation grows', () => {
    const conversation: TranscriptMessage[] = [
      { role: 'user', content: [PDF, { type: 'text', text: 'Read.' }, PDF] },
      CALL,
      answerTo(CALL, [PDF, PDF]),
      { role: 'assistant', content: [{ type: 'text', text: 'Done.' }] },
      { role: 'user', content: [{ type: 'text', text: 'And this.' }, PDF] },
    ];
    const namesOf = (messages: TranscriptMessage[]) =>
      contentOf(messages).flatMap((content) => content.flatMap(({ document }) => document?.name ?? []));
    const names = namesOf(conversation);
    expect(names).toHaveLength(5);
    expect(new Set(names).size).toBe(5);
    expect(namesOf(conversation.slice(0, 3))).toEqual(names.slice(0, 4));
  });

  it('have a text beside them', () => {
    const alone: TranscriptMessage = { role: 'user', content: [PDF, { type: 'text', text: ' \n' }] };
    const messages = [alone, CALL, answerTo(CALL, [PDF])];
    for (const content of contentOf(messages).filter((blocks) => blocks.some(({ document }) => document)))
      expect(content.filter(({ text }) => text !== undefined && text.trim() !== '')).toHaveLength(1);
    expect(contentOf([userSays('hi')])).toEqual([[{ text: 'hi' }]]);
  });
});
