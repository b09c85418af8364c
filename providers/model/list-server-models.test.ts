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

const shapes: [string, unknown, object][] = [
  [
    'vLLM',
    { data: [{ id: 'm', object: 'model', max_model_len: 40_960, root: '/m', parent: null }] },
    { context_window: 40_960 },
  ],
  [
    'OpenRouter',
    {
      data: [
        {
          id: 'x/m',
          name: 'X: M',
          context_length: 262_144,
          architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] },
          pricing: {
            prompt: '0.0000006',
            completion: '0.0000025',
            input_cache_read: '0.00000015',
            image: '0',
          },
          top_provider: { context_length: 131_072, max_completion_tokens: 32_768 },
          supported_parameters: ['tools', 'reasoning', 'include_reasoning'],
        },
      ],
    },
    {
      id: 'x/m',
      display_name: 'X: M',
      context_window: 131_072,
      max_output_tokens: 32_768,
      images: {},
      tools: true,
      thinking: true,
      efforts: ['low', 'medium', 'high'],
      prices: { input: 0.6, output: 2.5, cache_read: 0.15 },
    },
  ],
  [
    'OpenRouter’s smaller ones',
    {
      data: [
        {
          id: 'm',
          context_length: 8_192,
          architecture: { input_modalities: ['text'] },
          pricing: { prompt: '-1', completion: '-1' },
          supported_parameters: ['max_tokens'],
        },
      ],
    },
    { context_window: 8_192, images: { max_count: 0 }, tools: false, thinking: false },
  ],
  [
    'Groq',
    { data: [{ id: 'm', active: true, context_window: 131_072, max_completion_tokens: 16_384 }] },
    { context_window: 131_072, max_output_tokens: 16_384 },
  ],
  [
    'Together',
    [
      {
        id: 'm',
        type: 'chat',
        display_name: 'M',
        context_length: 32_768,
        pricing: { input: 0.88, output: 0.9 },
      },
    ],
    { display_name: 'M', context_window: 32_768, prices: { input: 0.88, output: 0.9 } },
  ],
  [
    'LM Studio',
    {
      data: [
        {
          id: 'm',
          type: 'vlm',
          max_context_length: 131_072,
          loaded_context_length: 4_096,
          capabilities: ['tool_use'],
        },
      ],
    },
    { context_window: 4_096, images: {}, tools: true },
  ],
  [
    'llama.cpp',
    {
      models: [{ name: 'm', model: 'm', capabilities: ['completion', 'multimodal'] }],
      data: [{ id: 'm', meta: { n_ctx_train: 40_960, n_vocab: 151_936 } }],
    },
    { context_window: 40_960, images: {} },
  ],
  [
    'Mistral',
    {
      data: [
        {
          id: 'm',
          max_context_length: 131_072,
          capabilities: { completion_chat: true, function_calling: false, vision: true },
        },
      ],
    },
    { context_window: 131_072, tools: false, images: {} },
  ],
  [
    'Vercel',
    {
      data: [
        {
          id: 'a/m',
          type: 'language',
          context_window: 200_000,
          max_tokens: 64_000,
          tags: ['tool-use', 'vision'],
          pricing: { input: '0.000003', output: '0.000015', input_cache_write: '0.00000375' },
        },
      ],
    },
    {
      context_window: 200_000,
      max_output_tokens: 64_000,
      tools: true,
      images: {},
      prices: { input: 3, output: 15, cache_write_5m: 3.75 },
    },
  ],
  [
    'GitHub Copilot',
    {
      data: [
        {
          id: 'm',
          name: 'M',
          capabilities: {
            type: 'chat',
            limits: { max_context_window_tokens: 128_000, max_output_tokens: 16_384 },
            supports: { vision: true, tool_calls: true },
          },
        },
      ],
    },
    { context_window: 128_000, max_output_tokens: 16_384, tools: true, images: {} },
  ],
  [
    'Moonshot',
    { data: [{ id: 'm', context_length: 262_144, supports_image_in: false, supports_reasoning: true }] },
    { context_window: 262_144, images: { max_count: 0 } },
  ],
  [
    'Fireworks',
    {
      data: [
        {
          id: 'm',
          context_length: 4_096,
          supports_chat: true,
          supports_tools: true,
          supports_image_input: false,
        },
      ],
    },
    { tools: true },
  ],
  ['DeepInfra', { data: [{ id: 'm', metadata: { context_length: 8_192 } }] }, { context_window: 8_192 }],
  [
    'Novita',
    { data: [{ id: 'm', context_size: 16_384, max_output_tokens: 8_000 }] },
    { context_window: 16_384, max_output_tokens: 8_000 },
  ],
  ['numbers as text', { data: [{ id: 'm', context_length: '8192' }] }, { context_window: 8_192 }],
  ['a list under another name', { models: [{ id: 'm', context_length: 5 }] }, { context_window: 5 }],
  [
    'items that are none among others',
    { data: [null, {}, { id: '' }, 'm', { id: 'm', max_model_len: 7 }] },
    { context_window: 7 },
  ],
];

it.each(shapes)(
  'takes what a server says of its model, in the words of %s',
  async (_name, body, expected) => {
    const { url } = await serve(200, JSON.stringify(body));
    const listed = await listServerModels({ provider: 'openai', baseUrl: url, apiKey: null }, never);
    expect(listed).toHaveLength(1);
    expect(listed[0]).toMatchObject(expected);
  },
);

it('passes over models that do not converse', async () => {
  const data = [
    { id: 'nomic-embed-text' },
    { id: 'vectors', type: 'embeddings' },
    { id: 'painter', architecture: { output_modalities: ['image'] } },
    { id: 'mistral-ocr', capabilities: { completion_chat: false } },
    { id: 'gone', active: false },
    { id: 'whisper-large-v3' },
    { id: 'gpt-4o-mini-tts' },
    { id: 'chat' },
  ];
  const { url } = await serve(200, JSON.stringify({ data }));
  const listed = await listServerModels({ provider: 'openai', baseUrl: url, apiKey: null }, never);
  expect(listed.map(({ id }) => id)).toEqual(['chat']);
});

it('knows the rest of a listed model by its name, within the limits that the server names', async () => {
  const { url } = await serve(
    200,
    JSON.stringify({ data: [{ id: 'Qwen/Qwen3-VL-32B-Instruct', max_model_len: 16_384 }] }),
  );
  const imported = await listServerModels({ provider: 'openai', baseUrl: url, apiKey: null }, never);
  const catalog = createModelCatalog({ settings: [], usable: ['openai'], imported });
  expect(catalog.resolve('Qwen/Qwen3-VL-32B-Instruct')).toMatchObject({
    contextWindow: 16_384,
    maxOutputTokens: 4_096,
    images: { maxCount: 20 },
  });
});

it('takes no price for one that a server does not name as one', async () => {
  const data = [
    { prompt: '-1', completion: '-1' },
    { input: 0, output: 0 },
    { prompt: 'free' },
    {},
    null,
  ].map((pricing, index) => ({ id: `m${index}`, pricing }));
  const { url } = await serve(
    200,
    JSON.stringify({ data: [...data, { id: 'free', pricing: { prompt: '0', completion: '0' } }] }),
  );
  const listed = await listServerModels({ provider: 'openai', baseUrl: url, apiKey: null }, never);
  expect(listed.map(({ prices }) => prices?.input)).toEqual([...data.map(() => undefined), 0]);
});
