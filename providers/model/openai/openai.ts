import type { ModelProvider } from '../model-provider.ts';
import { createChatProvider } from './chat/chat.ts';
import { dialectOf } from './chat/dialect.ts';
import type { OpenAiOptions } from './openai-client.ts';
import { createResponsesProvider } from './responses/responses.ts';

export type { OpenAiOptions } from './openai-client.ts';

/** OpenAI, through the newer of its two APIs, or anything that speaks the older one. */
export function createOpenAiProvider(options: OpenAiOptions): ModelProvider {
  const api = options.api ?? (dialectOf(options.baseUrl) === 'openai' ? 'responses' : 'chat_completions');
  return api === 'responses' ? createResponsesProvider(options) : createChatProvider(options);
}
