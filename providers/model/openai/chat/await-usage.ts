import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { createChatStreamReader } from './read-chat-stream.ts';

const PATIENCE_MS = 2_000;

/**
 * Reads on after the reason for the end until the usage is there. It comes in a chunk of its own, if at all; the answer is complete
 * without it, so a server that breaks off or keeps the connection open here fails nothing.
 */
export async function awaitUsage(
  events: AsyncIterator<ChatCompletionChunk>,
  reader: ReturnType<typeof createChatStreamReader>,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, 'late');
    timer.unref();
  });
  const read = async (): Promise<void> => {
    while (reader.chat.usage === null || reader.chat.usage === undefined) {
      const event = await events.next();
      if (event.done === true) return;
      reader.read(event.value);
    }
  };
  await Promise.race([read().catch(() => undefined), late]);
  clearTimeout(timer);
}
