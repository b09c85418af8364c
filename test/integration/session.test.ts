import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelProvider, ModelResponse, ResponseBlock } from '../../providers/model/model-provider.ts';
import {
  createScriptedRunner,
  startSessionLab,
  userInterrupt,
  userMessage,
  type SessionLab,
} from '../harness/session-lab.ts';

const USAGE: ModelResponse['usage'] = {
  input_tokens: 3,
  output_tokens: 2,
  cache_read_input_tokens: 0,
  cache_creation_5m_input_tokens: 0,
  cache_creation_1h_input_tokens: 0,
};

/** Plays: "tools N" asks for N bash calls once, "hang" never ends, anything else is answered. */
const provider: ModelProvider = {
  name: 'test',
  async *stream(request, signal) {
    const last = request.messages.at(-1);
    const text = JSON.stringify(last?.content.at(-1) ?? '');
    const count = Number(/tools (\d+)/.exec(text)?.[1] ?? 0);
    if (text.includes('hang')) {
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    }
    const blocks: ResponseBlock[] = [];
    for (let index = 0; index < count; index++) {
      blocks.push({
        type: 'tool_use',
        name: 'bash',
        input: { command: `echo ${index}` },
        vendor: { provider: 'test', callId: `call_${index}` },
      });
    }
    if (blocks.length === 0) {
      yield { type: 'block-start', index: 0, block: 'text' };
      yield { type: 'text-delta', index: 0, text: 'done' };
      blocks.push({ type: 'text', text: 'done' });
    }
    yield { type: 'finish', response: { blocks, stop: count > 0 ? 'tool_use' : 'end_turn', usage: USAGE } };
  },
};

const TOOLS = [
  {
    type: 'agent_toolset_20260401',
    default_config: { enabled: true, permission_policy: { type: 'always_allow' } },
    configs: [],
  },
];

describe('a session on a live Temporal and a live PostgreSQL', () => {
  const runner = createScriptedRunner(async () => ({
    content: [{ type: 'text', text: 'ok' }],
    isError: false,
  }));
  let lab: SessionLab;

  beforeAll(async () => {
    lab = await startSessionLab({ provider, runner });
    await lab.startWorker();
  });
  afterAll(async () => lab.stop());

  it('answers a message in one turn, in the order that clients are promised', async () => {
    const { id } = await lab.createSession({ tools: TOOLS });
    await lab.send(id, [userMessage('hello')]);
    await lab.rest(id);
    expect(await lab.types(id)).toEqual([
      'session.status_running',
      'session.thread_status_running',
      'user.message',
      'span.model_request_start',
      'agent.message',
      'span.model_request_end',
      'session.thread_status_idle',
      'session.usage',
      'session.status_idle',
    ]);
  });

  it('runs the tools that the model asks for, side by side, and goes on with their results', async () => {
    const { id } = await lab.createSession({ tools: TOOLS }, [userMessage('tools 3')]);
    await lab.rest(id);
    const types = await lab.types(id);
    expect(types.filter((type) => type === 'agent.tool_use')).toHaveLength(3);
    expect(types.filter((type) => type === 'agent.tool_result')).toHaveLength(3);
    expect(types.at(-1)).toBe('session.status_idle');
    expect(types.filter((type) => type === 'session.status_idle')).toHaveLength(1);
  });

  it('stops a model call on an interrupt and takes the next message', async () => {
    const { id } = await lab.createSession({ tools: TOOLS }, [userMessage('hang')]);
    while (!(await lab.types(id)).includes('span.model_request_start')) await sleep(10);
    await lab.send(id, [userInterrupt()]);
    await lab.rest(id);
    expect(await lab.types(id)).toEqual([
      'session.status_running',
      'session.thread_status_running',
      'user.message',
      'span.model_request_start',
      'span.model_request_end',
      'user.interrupt',
      'session.thread_status_idle',
      'session.usage',
      'session.status_idle',
    ]);
    await lab.send(id, [userMessage('hello')]);
    await lab.rest(id);
    expect((await lab.types(id)).filter((type) => type === 'agent.message')).toHaveLength(1);
  });

  it('hears of a message whose signal was never sent', async () => {
    const { id } = await lab.createSession({ tools: TOOLS });
    await lab.send(id, [userMessage('hello')], 'untold');
    await sleep(2_100);
    await lab.sweeper.sweep();
    await lab.rest(id);
    expect(await lab.types(id)).toContain('agent.message');
  });
});

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
