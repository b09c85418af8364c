import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../../core/json.ts';

/** What a chat completions server answers: the deltas of a stream, or a refusal. */
export type ChatAnswer = { deltas: object[]; finish?: string } | { status: number; body: object };

export interface ChatServer {
  url: string;
  /** The bodies of its requests. */
  bodies: { messages: JsonObject[] }[];
  close(): void;
}

/** A chat completions server of a vendor's own mind: `answer` sees each request's messages. */
export async function startChatServer(answer: (messages: JsonObject[]) => ChatAnswer): Promise<ChatServer> {
  const bodies: ChatServer['bodies'] = [];
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = JSON.parse(await textOf(request)) as ChatServer['bodies'][number];
    bodies.push(body);
    const given = answer(body.messages);
    if ('status' in given) {
      response.writeHead(given.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(given.body));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const choices = given.deltas.map((delta) => ({ index: 0, delta, finish_reason: null as string | null }));
    choices.push({ index: 0, delta: {}, finish_reason: given.finish ?? 'stop' });
    for (const choice of choices)
      response.write(`data: ${JSON.stringify({ id: 'c', model: 'm', choices: [choice] })}\n\n`);
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    response.end(`data: ${JSON.stringify({ id: 'c', choices: [], usage })}\n\ndata: [DONE]\n\n`);
  };
  const http = createServer((request, response) => {
    reply(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error('the answer failed'));
    });
  });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/v1`,
    bodies,
    close() {
      http.closeAllConnections();
      http.close();
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
