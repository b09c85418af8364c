import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import type { TranscriptMessage } from '../../core/session/content.ts';
import type { ModelProviderKind } from '../../core/models/model-entry.ts';
import { createModelProviders } from '../../providers/model/create-model-providers.ts';
import { vendorConnections } from '../../providers/model/provider-connection.ts';
import type { ModelRequest, ModelResponse } from '../../providers/model/model-provider.ts';
import { startRecordingProxy } from './recording-proxy.ts';
import { writeRecording } from './recording.ts';

/**
 * Records two answers of a real server, one in words and one with a tool call, for the tests of an adapter:
 *
 *     node test/model-recordings/record.ts --provider openai --api chat_completions --url http://127.0.0.1:8080/v1 \
 *       --model my-model --source "llama.cpp, Gemma 3 270M" --out providers/model/openai/__fixtures__/chat/llama-cpp
 *
 * With `--key-file FILE` where the server asks for a key. Writes `<out>-text.jsonl` and `<out>-tool.jsonl`, and beside each what the
 * adapter made of it; look at both before they are committed.
 */
const { values } = parseArgs({
  options: {
    provider: { type: 'string' },
    api: { type: 'string' },
    url: { type: 'string' },
    model: { type: 'string' },
    source: { type: 'string' },
    'key-file': { type: 'string' },
    out: { type: 'string' },
  },
});
const { provider, url, model, source, out, api } = values;
if (
  !isProvider(provider) ||
  url === undefined ||
  model === undefined ||
  source === undefined ||
  out === undefined
)
  throw new Error('--provider, --url, --model, --source and --out are needed');

const TOOL = {
  name: 'get_weather',
  description: 'Says what the weather is like in a city.',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const say = (role: 'user' | 'assistant', text: string): TranscriptMessage => ({
  role,
  content: [{ type: 'text', text }],
});
/** Calls that were made before show even the smallest model what a call looks like. */
const EARLIER: TranscriptMessage[] = ['Oslo', 'Rome', 'Paris'].flatMap((city): TranscriptMessage[] => {
  const id = `sevt_${city.toLowerCase()}`;
  const text = `Sunny in ${city}, 21 °C.`;
  return [
    say('user', `What is the weather like in ${city}?`),
    { role: 'assistant', content: [{ type: 'tool_use', id, name: TOOL.name, input: { city } }] },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: id, content: [{ type: 'text', text }], is_error: false }],
    },
    say('assistant', text),
  ];
});
const ASKS = [
  { name: 'text', messages: [say('user', 'Name three colours of the rainbow.')], tools: [] },
  { name: 'tool', messages: [...EARLIER, say('user', 'What is the weather like in Zürich?')], tools: [TOOL] },
];

const proxy = await startRecordingProxy(url, source);
try {
  const key = values['key-file'];
  const catalog = createModelCatalog({
    settings: [
      {
        id: model,
        provider,
        base_url: proxy.url,
        ...(key === undefined ? {} : { api_key: readFileSync(key, 'utf8').trim() }),
        ...(api === 'chat_completions' || api === 'responses' ? { api } : {}),
      },
    ],
    usable: [provider],
  });
  const entry = catalog.resolve(model);
  if (entry === null) throw new Error(`no model ${model}`);
  const connection = { baseUrl: null, apiKey: null, timeoutSeconds: 600, stallSeconds: 300 };
  const providers = createModelProviders({ connections: vendorConnections(connection) });
  for (const ask of ASKS) {
    const request: ModelRequest = {
      model: entry.vendorModel,
      system: 'You are a helpful assistant.',
      messages: ask.messages,
      tools: ask.tools,
      maxOutputTokens: 60,
      sessionId: 'sesn_recording',
    };
    let response: ModelResponse | undefined;
    const adapter = providers.for(entry);
    for await (const part of adapter.stream(request, new AbortController().signal))
      if (part.type === 'finish') response = part.response;
    const recording = proxy.recordings.at(-1);
    if (recording === undefined || response === undefined) throw new Error('nothing was recorded');
    writeRecording(`${out}-${ask.name}.jsonl`, recording);
    // The name of the provider holds the port of the proxy.
    const read = JSON.stringify(response, null, 2).replaceAll(adapter.name, 'PROVIDER');
    writeFileSync(`${out}-${ask.name}.response.json`, `${read}\n`);
    console.log(`${ask.name}: ${String(recording.chunks.length)} chunks, ${JSON.stringify(response)}`);
  }
} finally {
  await proxy.close();
}

function isProvider(value: string | undefined): value is ModelProviderKind {
  return value === 'anthropic' || value === 'openai' || value === 'gemini';
}
