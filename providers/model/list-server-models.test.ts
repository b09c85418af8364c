import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import { listServerModels } from './list-server-models.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(status: number, body: string): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  server = createServer((request, response) => {
    seen.push(
      `${request.url ?? ''} ${request.headers.authorization ?? ''}${String(request.headers['x-goog-api-key'] ?? '')}`,
    );
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server?.once('listening', resolve));
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, seen };
}

const never = new AbortController().signal;

it('reads the list of an OpenAI-compatible server, with the window in whatever way it is named', async () => {
  const data = [
    { id: 'vllm', max_model_len: 32_000 },
    { id: 'router', name: 'Router Model', context_length: 128_000 },
    { id: 'llama', meta: { n_ctx: 4_096, n_ctx_train: 8_192 } },
    { id: 'plain', context_length: 'many', owned_by: 'x' },
  ];
  const { url, seen } = await serve(200, JSON.stringify({ object: 'list', data }));
  const listed = await listServerModels({ provider: 'openai', baseUrl: `${url}/v1/`, apiKey: 'k' }, never);
  expect(seen).toEqual(['/v1/models Bearer k']);
  expect(listed.map(({ id, context_window: window }) => [id, window])).toEqual([
    ['vllm', 32_000],
    ['router', 128_000],
    ['llama', 4_096],
    ['plain', undefined],
  ]);
  const catalog = createModelCatalog({ settings: [], usable: [], imported: listed });
  expect(catalog.resolve('router')).toMatchObject({ displayName: 'Router Model', contextWindow: 128_000 });
  expect(catalog.resolve('llama')?.connection.baseUrl).toBe(`${url}/v1/`);
});

it('reads the lists of Anthropic and Gemini', async () => {
  const claude = await serve(
    200,
    JSON.stringify({
      data: [{ id: 'claude-x', display_name: 'Claude X', max_input_tokens: 9, max_tokens: 3 }],
    }),
  );
  expect(await listServerModels({ provider: 'anthropic', baseUrl: claude.url, apiKey: null }, never)).toEqual(
    [
      {
        id: 'claude-x',
        display_name: 'Claude X',
        context_window: 9,
        max_output_tokens: 3,
        provider: 'anthropic',
        base_url: claude.url,
      },
    ],
  );
  server?.close();
  const models = [
    { name: 'models/gemini-x', inputTokenLimit: 9, supportedGenerationMethods: ['generateContent'] },
    { name: 'models/embedding', supportedGenerationMethods: ['embedContent'] },
  ];
  const gemini = await serve(200, JSON.stringify({ models }));
  expect(
    await listServerModels({ provider: 'gemini', baseUrl: gemini.url, apiKey: 'g' }, never),
  ).toMatchObject([{ id: 'gemini-x', context_window: 9 }]);
  expect(gemini.seen).toEqual(['/v1beta/models?pageSize=1000 g']);
});

it.each([
  [401, '{}', 'model_credentials_refused'],
  [503, 'busy', 'model_overloaded'],
  [200, '<html>', 'model_unreachable'],
  [200, '{"data": "none"}', 'model_unreachable'],
])('fails typed on %i %s', async (status, body, code) => {
  const { url } = await serve(status, body);
  await expect(
    listServerModels({ provider: 'openai', baseUrl: url, apiKey: null }, never),
  ).rejects.toMatchObject({ code });
});

it('fails typed when nobody answers, and with the reason when it is aborted', async () => {
  const address = { provider: 'openai' as const, baseUrl: 'http://127.0.0.1:1', apiKey: null };
  await expect(listServerModels(address, never)).rejects.toMatchObject({ code: 'model_unreachable' });
  await expect(listServerModels(address, AbortSignal.abort('stop'))).rejects.toBe('stop');
});
