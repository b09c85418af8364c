import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openAiModel } from '../../core/models/openai-models.ts';
import { chunk, DONE, sse } from './contract/raw-answers.ts';
import { BASH, collect, failureOf, LIMITS, userSays } from './contract/subject.ts';
import type { ModelRequest } from './model-provider.ts';
import { createOpenAiProvider } from './openai/openai.ts';

interface Tool {
  description?: string;
  function?: { description: string };
}
interface Body {
  tools: Tool[];
  instructions?: string;
  messages?: { role: string; content: string }[];
}

const LIMIT = 1_024;
const TALE = `${'It does this. '.repeat(300)}\u{1F5FE} And that is all.`;
const request: ModelRequest = {
  model: 'm',
  system: 'Be kind.',
  messages: [userSays('hello')],
  tools: [BASH, { ...BASH, name: 'tale', description: TALE }],
  maxOutputTokens: 1_000,
  sessionId: 's',
};
const ANSWERS = {
  chat_completions: sse(chunk({ content: 'Hi.' }), chunk({}, 'stop')) + DONE,
  responses: sse({
    type: 'response.completed',
    response: {
      id: 'r',
      status: 'completed',
      output: [{ type: 'message', id: 'i', content: [{ type: 'output_text', text: 'Hi.' }] }],
    },
  }),
};

describe.each(['chat_completions', 'responses'] as const)(
  'a server that takes short descriptions: %s',
  (api) => {
    let close = (): void => undefined;
    afterEach(() => close());

    async function connect(limit = LIMIT, named = limit) {
      const bodies: Body[] = [];
      const server = createServer((incoming, response) => {
        const pieces: Buffer[] = [];
        incoming.on('data', (piece: Buffer) => pieces.push(piece));
        incoming.on('end', () => {
          const body = JSON.parse(Buffer.concat(pieces).toString()) as Body;
          bodies.push(body);
          const index = body.tools.findIndex((tool) => descriptionOf(tool).length > limit);
          const place = `tools[${String(index)}].${api === 'responses' ? '' : 'function.'}description`;
          const message = `Invalid '${place}': string too long. Expected a string with maximum length ${String(named)}, but got a string with length 4000 instead.`;
          response.writeHead(index === -1 ? 200 : 400, {
            'content-type': index === -1 ? 'text/event-stream' : 'application/json',
          });
          const error = { message, type: 'invalid_request_error', code: 'string_above_max_length' };
          response.end(index === -1 ? ANSWERS[api] : JSON.stringify({ error }));
        });
      });
      server.listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      close = () => {
        server.closeAllConnections();
        server.close();
      };
      const { port } = server.address() as AddressInfo;
      const provider = createOpenAiProvider({
        baseUrl: `http://127.0.0.1:${String(port)}/v1`,
        apiKey: null,
        api,
        limits: LIMITS,
        traits: openAiModel('m'),
      });
      return { provider, bodies };
    }

    it('gets the rest of them in the system prompt, at once and from then on', async () => {
      const { provider, bodies } = await connect();
      for (const requests of [2, 3]) {
        expect((await collect(provider, request)).response.blocks).toEqual([{ type: 'text', text: 'Hi.' }]);
        expect(bodies).toHaveLength(requests);
      }
      const [, sent] = bodies;
      const [bash, tale] = (sent?.tools ?? []).map(descriptionOf);
      expect(bash).toBe(BASH.description);
      const [head = '', more = ''] = tale?.split(' (More under') ?? [];
      expect(more).not.toBe('');
      const system = sent?.instructions ?? sent?.messages?.[0]?.content ?? '';
      expect(system).toMatch(/^Be kind\.\n\n# Tools/);
      const rest = system.slice(system.indexOf('## tale') + '## tale'.length).trim();
      expect(`${head} ${rest}`).toBe(TALE);
      expect(bodies[2]).toEqual(sent);
    });

    it('that names no limit that helps gives its words', async () => {
      const { provider, bodies } = await connect(1, 5_000);
      expect((await failureOf(collect(provider, request))).message).toContain('string too long');
      expect(bodies.length).toBeLessThan(4);
    });
  },
);

function descriptionOf(tool: Tool): string {
  return tool.function?.description ?? tool.description ?? '';
}
