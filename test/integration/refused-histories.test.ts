import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import { longProviders } from '../context/long-session.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import {
  createScriptedRunner,
  startSessionLab,
  userMessage,
  type SessionLab,
} from '../harness/session-lab.ts';
import { AGENT } from '../replay/scenarios.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';
import type { Respond } from '../scripted-model-server/script-book.ts';

const BASH = {
  name: 'bash',
  description: 'Runs a command.',
  input_schema: { type: 'object', properties: { command: { type: 'string' } } },
};

interface Message {
  role: string;
  tool_calls?: { id: string }[];
}

/** What each server finds wrong with a conversation; undefined: nothing. */
const SERVERS: Record<string, (messages: Message[]) => { status: number; message: string } | undefined> = {
  'a template that takes no tools': (messages) =>
    messages.some(({ role, tool_calls: calls }) => role === 'tool' || calls !== undefined)
      ? {
          status: 500,
          message:
            'Error: Jinja Exception: Conversation roles must alternate user/assistant/user/assistant/...',
        }
      : undefined,
  'a server like Mistral’s, under another name': (messages) => {
    const isAfter = messages.some(
      ({ role }, index) => role === 'user' && messages[index - 1]?.role === 'tool',
    );
    if (isAfter) return { status: 400, message: "Unexpected role 'user' after role 'tool'" };
    const odd = messages
      .flatMap(({ tool_calls: calls = [] }) => calls)
      .find(({ id }) => !/^[a-zA-Z0-9]{9}$/.test(id));
    return odd === undefined
      ? undefined
      : {
          status: 400,
          message: `Tool call id was ${odd.id} but must be a-z, A-Z, 0-9, with a length of 9.`,
        };
  },
  'a server that refuses every answer but its own form': (messages) =>
    messages.some(({ role }) => role === 'assistant')
      ? { status: 422, message: 'messages.2.content: Input should be a valid string' }
      : undefined,
};

/** Whatever a server takes of a conversation, the session goes on. */
describe('a session whose history its model’s server refuses', () => {
  let server: ScriptedModelServer;
  let lab: SessionLab;
  let respond: Respond;
  beforeAll(async () => {
    server = await startScriptedModelServer({
      respond: (request) => respond(request),
      onViolation: 'record',
    });
    const settings = Object.keys(SERVERS).map((id) => ({
      id,
      provider: 'openai' as const,
      api: 'chat_completions' as const,
      api_key: 'k',
      base_url: `${server.url}/v1`,
    }));
    const providers = longProviders();
    lab = await startSessionLab({
      provider: createScriptedProvider(),
      providerOf: (entry) => providers.for(entry),
      catalog: createModelCatalog({ settings, usable: [], defaultModel: null }),
      tools: [BASH],
      runner: createScriptedRunner(async () => ({
        content: [{ type: 'text', text: 'found' }],
        isError: false,
      })),
    });
    await lab.startWorker();
  });
  afterAll(async () => {
    await lab.stop();
    await server.close();
  });

  it.each(Object.entries(SERVERS))('goes on for several turns: %s', async (id, refusalOf) => {
    let [answered, refused] = [0, 0];
    respond = ({ body }) => {
      const refusal = refusalOf((body as { messages: Message[] }).messages);
      if (refusal !== undefined) {
        refused += 1;
        return { fault: { kind: 'status', ...refusal } };
      }
      answered += 1;
      return answered % 3 === 0
        ? { blocks: [{ type: 'text', text: 'Done.' }] }
        : { blocks: [{ type: 'tool_use', name: 'bash', input: { command: `step ${String(answered)}` } }] };
    };
    const { id: session } = await lab.createSession({ ...AGENT, model: { id } }, [userMessage('Go on.')]);
    expect((await lab.rest(session, 60_000)).stop).toEqual({ type: 'end_turn' });
    const firstRefused = refused;
    await lab.send(session, [userMessage('And again.')]);
    expect((await lab.rest(session, 60_000)).stop).toEqual({ type: 'end_turn' });
    const types = await lab.types(session);
    expect(types.filter((type) => type === 'agent.tool_result')).toHaveLength(4);
    expect(types).not.toContain('session.error');
    expect(firstRefused).toBeGreaterThan(0);
    // What was found out is remembered.
    expect(refused).toBeLessThanOrEqual(firstRefused + 1);
  });
});
