import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import type { ModelSetting } from '../../core/models/model-setting.ts';
import { callsTools, longProviders } from '../context/long-session.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import {
  createScriptedRunner,
  startSessionLab,
  userMessage,
  type SessionLab,
} from '../harness/session-lab.ts';
import { AGENT } from '../replay/scenarios.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';
import type { ReceivedRequest, Respond } from '../scripted-model-server/script-book.ts';
import type { Script } from '../scripted-model-server/script.ts';

const BASH = {
  name: 'bash',
  description: 'Runs a command.',
  input_schema: { type: 'object', properties: { command: { type: 'string' } } },
};
const STEPS = 25;
/** What the catalogue says of each model; what its server takes is less. */
const SAID = { context_window: 60_000, max_output_tokens: 12_000 };

interface Vendor {
  model: Omit<ModelSetting, 'id' | 'provider'>;
  /** Tokens that its server takes, by its own count. */
  window: number;
  /** Whether the answer's limit counts as well. */
  withAnswer?: true;
  says: (tokens: number, window: number) => Script['fault'];
}

const VENDORS: Record<string, Vendor> = {
  'vllm, with its body at the top': {
    model: { api: 'chat_completions' },
    window: 12_000,
    withAnswer: true,
    says: (tokens, window) => ({
      kind: 'status',
      status: 400,
      body: JSON.stringify({
        object: 'error',
        message: `This model's maximum context length is ${String(window)} tokens. However, you requested ${String(tokens)} tokens. Please reduce the length of the messages or completion.`,
        type: 'BadRequestError',
        param: null,
        code: 400,
      }),
    }),
  },
  'openai responses, inside the stream': {
    model: { api: 'responses' },
    window: 14_000,
    says: () => ({
      kind: 'error-event',
      at: 'head',
      type: 'context_length_exceeded',
      message: 'Your input exceeds the context window of this model. Please adjust your input and try again.',
    }),
  },
  'llama.cpp, with status 500': {
    model: { api: 'chat_completions' },
    window: 14_000,
    says: () => ({
      kind: 'status',
      status: 500,
      body: JSON.stringify({
        error: {
          code: 500,
          message: 'the request exceeds the available context size. try increasing the context size',
          type: 'server_error',
        },
      }),
    }),
  },
  'a router, with the vendor’s words inside': {
    model: { api: 'chat_completions' },
    window: 14_000,
    says: () => ({
      kind: 'status',
      status: 400,
      body: JSON.stringify({
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: { raw: '{"message":"Input is too long for requested model."}', provider_name: 'Bedrock' },
        },
      }),
    }),
  },
  'a server without words': {
    model: { api: 'chat_completions' },
    window: 26_000,
    says: () => ({ kind: 'status', status: 400, body: '' }),
  },
};

/** The models' servers, behind one address; each takes less than the catalogue says, and says so in its own words. */
describe('a session whose model’s window is smaller than the catalogue says', () => {
  let server: ScriptedModelServer;
  let lab: SessionLab;
  let respond: Respond;
  beforeAll(async () => {
    server = await startScriptedModelServer({ respond: (request) => respond(request) });
    const settings = Object.entries(VENDORS).map(([id, { model }]) => ({
      id,
      provider: 'openai' as const,
      api_key: 'k',
      base_url: `${server.url}/v1`,
      ...SAID,
      ...model,
    }));
    const providers = longProviders();
    lab = await startSessionLab({
      provider: createScriptedProvider(),
      providerOf: (entry) => providers.for(entry),
      catalog: createModelCatalog({ settings, usable: [], defaultModel: null }),
      tools: [BASH],
      runner: createScriptedRunner(async (_name, { command }) => ({
        content: [{ type: 'text', text: `${JSON.stringify(command)} ${'lorem ipsum '.repeat(300)}` }],
        isError: false,
      })),
    });
    await lab.startWorker();
  });
  afterAll(async () => {
    await lab.stop();
    await server.close();
  });

  it.each(Object.entries(VENDORS))('is compacted and goes on: %s', async (id, vendor) => {
    const model = callsTools(STEPS);
    let refused = 0;
    respond = (request) => {
      const tokens = tokensOf(request, vendor);
      if (tokens <= vendor.window) return model.respond(request);
      refused += 1;
      const fault = vendor.says(tokens, vendor.window);
      return fault === undefined ? {} : { blocks: [{ type: 'text', text: 'No.' }], fault };
    };
    const { id: session } = await lab.createSession({ ...AGENT, model: { id } }, [userMessage('Go on.')]);
    const head = await lab.rest(session, 100_000);
    expect(head.stop).toEqual({ type: 'end_turn' });
    const types = await lab.types(session);
    expect(types.filter((type) => type === 'agent.tool_result')).toHaveLength(STEPS);
    expect(types).toContain('agent.thread_context_compacted');
    expect(types).not.toContain('session.error');
    expect(refused).toBeGreaterThan(0);
    // A window that was named is kept to; without a number each overflow costs a few refusals.
    if (vendor.withAnswer) expect(refused).toBeLessThanOrEqual(2);
  });
});

function tokensOf({ body }: ReceivedRequest, { withAnswer }: Vendor): number {
  const answer = (body as { max_tokens?: number }).max_tokens ?? 0;
  return Math.ceil(JSON.stringify(body).length / 4) + (withAnswer ? answer : 0);
}
