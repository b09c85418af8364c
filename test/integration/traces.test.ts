import { readFileSync } from 'node:fs';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../harness/otlp-receiver.ts';
import { startService, type RunningService } from '../harness/service.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

const [INTERNAL, SERVER, CLIENT] = [1, 2, 3];
const PATIENCE = { timeout: 60_000, interval: 100 };
const SECRET = 'a-private-word';

/** Traces and log lines of the whole service, as a collector and an operator get them. */
describe('a service whose turns are traced', () => {
  let models: ScriptedModelServer;
  let collector: OtlpReceiver;
  let service: RunningService;
  let client: Anthropic;
  let traces = 0;

  beforeAll(async () => {
    models = await startScriptedModelServer();
    collector = await startOtlpReceiver();
    service = await startService({
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: 'scripted',
      MANAGED_AGENT_TELEMETRY_OTLP_ENDPOINT: collector.url,
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
    });
    client = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 20 });
  });
  afterAll(async () => {
    await service.stop();
    await collector.close();
    await models.close();
  });

  const bash = (command: string) => ({
    blocks: [{ type: 'tool_use' as const, name: 'bash', input: { command } }],
  });
  const text = (words: string) => ({ blocks: [{ type: 'text' as const, text: words }] });

  /** A trace of a client's own, and the span in it from which it sends. */
  function clientTrace(flags = '01') {
    const digits = String(++traces);
    const [traceId, spanId] = [digits.padStart(32, 'a'), digits.padStart(16, 'c')];
    return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
  }

  async function begin(
    marker: string,
    steps: Parameters<ScriptedModelServer['scenario']>[0]['steps'],
    ask = false,
  ): Promise<{ sessionId: string; agentId: string; created: string }> {
    models.scenario({ when: marker, steps });
    const environment = await client.beta.environments.create({ name: marker });
    const policy = { type: ask ? 'always_ask' : 'always_allow' } as const;
    const agent = await client.beta.agents.create({
      name: marker,
      model: 'claude-scripted',
      tools: [{ type: 'agent_toolset_20260401', default_config: { permission_policy: policy } }],
    });
    const creation = clientTrace();
    const session = await client.beta.sessions.create(
      { agent: agent.id, environment_id: environment.id },
      { headers: { traceparent: creation.traceparent } },
    );
    return { sessionId: session.id, agentId: agent.id, created: creation.traceId };
  }

  async function say(sessionId: string, words: string, headers: Record<string, string> = {}): Promise<void> {
    const events = [
      { type: 'user.message' as const, content: [{ type: 'text' as const, text: `${words} ${SECRET}` }] },
    ];
    await client.beta.sessions.events.send(sessionId, { events }, { headers });
  }

  async function typesOf(sessionId: string): Promise<string[]> {
    const types: string[] = [];
    for await (const event of client.beta.sessions.events.list(sessionId)) types.push(event.type);
    return types;
  }

  const idles = async (sessionId: string) =>
    (await typesOf(sessionId)).filter((type) => type === 'session.status_idle').length;

  async function rest(sessionId: string, count: number): Promise<void> {
    await vi.waitUntil(async () => (await idles(sessionId)) >= count, PATIENCE);
  }

  const named = (spans: readonly ReceivedSpan[], name: string) =>
    spans.filter((span) => span.name.startsWith(name));

  /** The spans of one trace, once `turns` of its turns have ended. */
  async function trace(traceId: string, turns = 1): Promise<ReceivedSpan[]> {
    const found = () => collector.spans.filter((span) => span.traceId === traceId);
    const isWhole = () =>
      named(found(), 'invoke_agent').length >= turns && named(found(), 'POST').length >= 1;
    await vi.waitUntil(isWhole, PATIENCE);
    // What comes twice comes a moment later.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return found();
  }

  /** The spans of the trace that a session's message with an id began, where no client named one. */
  async function ownTrace(sessionId: string, not: readonly string[]): Promise<ReceivedSpan[]> {
    const found = () =>
      named(collector.spans, 'invoke_agent').find(
        ({ attributes, traceId }) =>
          attributes['gen_ai.conversation.id'] === sessionId && !not.includes(traceId),
      );
    await vi.waitUntil(() => found() !== undefined, PATIENCE);
    return trace(found()?.traceId ?? '');
  }

  function only(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
    const [span, ...more] = named(spans, name);
    if (span === undefined || more.length > 0) throw new Error(`${1 + more.length} spans begin with ${name}`);
    return span;
  }

  it('has one trace for each turn, which begins at the request and continues the client’s', async () => {
    const steps = [bash('echo done'), text('first'), text('second')];
    const { sessionId, agentId, created } = await begin('two turns', steps);
    const first = clientTrace();
    await say(sessionId, 'two turns', {
      traceparent: first.traceparent,
      tracestate: 'vendor=here',
      baggage: `user=${SECRET}`,
    });
    await rest(sessionId, 1);
    await say(sessionId, 'again');
    await rest(sessionId, 2);

    const spans = await trace(first.traceId);
    const request = only(spans, 'POST');
    expect(request).toMatchObject({
      name: 'POST /v1/sessions/{session_id}/events',
      kind: SERVER,
      parentSpanId: first.spanId,
      traceState: 'vendor=here',
    });
    expect(request.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'url.scheme': 'http',
      'gen_ai.conversation.id': sessionId,
    });
    const turn = only(spans, 'invoke_agent');
    expect(turn).toMatchObject({
      name: 'invoke_agent two turns',
      kind: INTERNAL,
      parentSpanId: request.spanId,
      traceState: 'vendor=here',
      failed: false,
    });
    expect(turn.attributes).toMatchObject({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': 'claude-scripted',
      'gen_ai.agent.id': agentId,
      'gen_ai.agent.name': 'two turns',
      'gen_ai.agent.version': '1',
      'gen_ai.conversation.id': sessionId,
      'managed_agent.turn.stop_reason': 'end_turn',
    });
    expect(turn.links.map(({ traceId }) => traceId)).toEqual([created]);
    const chats = named(spans, 'chat');
    expect(chats.map(({ name }) => name)).toEqual(['chat claude-scripted', 'chat claude-scripted']);
    const { hostname, port } = new URL(models.url);
    for (const chat of chats) {
      expect(chat).toMatchObject({ kind: CLIENT, parentSpanId: turn.spanId });
      expect(chat.startedAt).toBeGreaterThanOrEqual(turn.startedAt);
      expect(chat.endedAt).toBeLessThanOrEqual(turn.endedAt + 1);
      expect(chat.attributes).toMatchObject({
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'anthropic',
        'managed_agent.connection': 'anthropic',
        'gen_ai.request.model': 'claude-scripted',
        'gen_ai.response.model': 'claude-scripted',
        'gen_ai.response.id': expect.stringMatching(/^msg_/),
        'gen_ai.conversation.id': sessionId,
        'server.address': hostname,
        'server.port': Number(port),
      });
    }
    expect(chats.map(({ attributes }) => attributes['gen_ai.response.finish_reasons'])).toEqual([
      ['tool_use'],
      ['end_turn'],
    ]);
    const sum = (key: string) =>
      chats.reduce((total, { attributes }) => total + Number(attributes[key] ?? 0), 0);
    for (const key of ['gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens']) {
      expect(turn.attributes[key]).toBe(sum(key));
      expect(turn.attributes[key]).toBeGreaterThan(0);
    }
    const tool = only(spans, 'execute_tool');
    expect(tool).toMatchObject({
      name: 'execute_tool bash',
      kind: INTERNAL,
      parentSpanId: turn.spanId,
      attributes: {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'bash',
        'gen_ai.tool.type': 'function',
        'gen_ai.conversation.id': sessionId,
      },
    });

    const second = await ownTrace(sessionId, [first.traceId]);
    expect(only(second, 'POST').parentSpanId).toBe('');
    expect(only(second, 'invoke_agent').parentSpanId).toBe(only(second, 'POST').spanId);
    expect(only(second, 'chat').parentSpanId).toBe(only(second, 'invoke_agent').spanId);
    expect(only(second, 'invoke_agent').links.map(({ traceId }) => traceId)).toEqual([created]);

    const resources = new Map(
      [...spans, ...second].map(({ resource }) => [resource['managed_agent.part'], resource]),
    );
    for (const part of ['api', 'worker']) {
      expect(resources.get(part)).toMatchObject({
        'service.name': 'managed-agent',
        'service.namespace': 'managed-agent',
        'service.instance.id': expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/),
        'service.version': expect.any(String),
      });
    }
    expect(resources.get('api')?.['service.instance.id']).not.toBe(
      resources.get('worker')?.['service.instance.id'],
    );
    expect(collector.spans.filter((span) => span.text.includes(SECRET))).toEqual([]);
  });

  it('goes on with the same trace after kill -9 of the worker, and sends the turn once', async () => {
    const { sessionId } = await begin('a kill', [bash('sleep 8; echo ran'), text('done')]);
    const own = clientTrace();
    await say(sessionId, 'a kill', { traceparent: own.traceparent });
    await vi.waitUntil(async () => (await typesOf(sessionId)).includes('agent.tool_use'), PATIENCE);
    // The request before the command has been sent to the collector by then.
    await vi.waitUntil(
      () => named(collector.spans, 'chat').some(({ traceId }) => traceId === own.traceId),
      PATIENCE,
    );
    await service.kill('worker');
    await rest(sessionId, 1);
    const spans = await trace(own.traceId);
    const turn = only(spans, 'invoke_agent');
    expect(turn.endedAt - turn.startedAt).toBeGreaterThan(7_000);
    const [before, after, ...more] = named(spans, 'chat');
    expect(more).toEqual([]);
    for (const span of [before, after, only(spans, 'execute_tool')])
      expect(span?.parentSpanId).toBe(turn.spanId);
    expect(only(spans, 'execute_tool').attributes['managed_agent.attempt']).toBeGreaterThan(1);
    expect(before?.resource['service.instance.id']).not.toBe(after?.resource['service.instance.id']);
  });

  it('goes on with the trace of the message when somebody has answered, and links who that was', async () => {
    const { sessionId } = await begin('a question', [bash('echo asked'), text('done')], true);
    const [message, answer] = [clientTrace(), clientTrace()];
    await say(sessionId, 'a question', { traceparent: message.traceparent });
    await rest(sessionId, 1);
    const ids: string[] = [];
    for await (const event of client.beta.sessions.events.list(sessionId))
      if (event.type === 'agent.tool_use') ids.push(event.id);
    const events = ids.map(
      (id) => ({ type: 'user.tool_confirmation', tool_use_id: id, result: 'allow' }) as const,
    );
    const headers = { traceparent: answer.traceparent };
    await client.beta.sessions.events.send(sessionId, { events }, { headers });
    await rest(sessionId, 2);
    const spans = await trace(message.traceId, 2);
    const stretches = named(spans, 'invoke_agent').sort((left, right) => left.startedAt - right.startedAt);
    expect(stretches.map(({ attributes }) => attributes['managed_agent.turn.stop_reason'])).toEqual([
      'requires_action',
      'end_turn',
    ]);
    expect(new Set(stretches.map(({ parentSpanId }) => parentSpanId))).toEqual(
      new Set([only(spans, 'POST').spanId]),
    );
    expect(only(spans, 'execute_tool').parentSpanId).toBe(stretches[1]?.spanId);
    expect(stretches[1]?.links.map(({ traceId }) => traceId)).toContain(answer.traceId);
    const sent = only(
      collector.spans.filter(({ traceId }) => traceId === answer.traceId),
      'POST',
    );
    expect(sent.links).toEqual([{ traceId: message.traceId, spanId: stretches[0]?.spanId }]);
  });

  it('leaves out what the client does not sample, and takes no notice of headers that are none', async () => {
    const { sessionId } = await begin('odd headers', [text('one'), text('two')]);
    const unsampled = clientTrace('00');
    await say(sessionId, 'odd headers', { traceparent: unsampled.traceparent });
    await rest(sessionId, 1);
    await say(sessionId, 'odd', { traceparent: '00-zz-1-01', tracestate: `a=${'b'.repeat(9_000)}` });
    await rest(sessionId, 2);
    const spans = await ownTrace(sessionId, []);
    expect(only(spans, 'POST')).toMatchObject({ parentSpanId: '', traceState: '' });
    expect(collector.spans.filter(({ traceId }) => traceId === unsampled.traceId)).toEqual([]);
  });

  it('writes log lines with the same keys in both parts, by which a turn is found', async () => {
    const { sessionId } = await begin('log lines', [bash('true'), text('done')]);
    const own = clientTrace();
    await say(sessionId, 'log lines', { traceparent: own.traceparent });
    await rest(sessionId, 1);
    await trace(own.traceId);
    const linesOf = (part: string) =>
      readFileSync(path.join(service.dataDir, 'logs', `${part}.log`), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const lines = [...linesOf('api'), ...linesOf('worker')];
    const found = lines.filter((line) => line['session_id'] === sessionId);
    for (const message of ['request', 'model request', 'tool call']) {
      expect(found.filter((line) => line['msg'] === message)).toContainEqual(
        expect.objectContaining({
          session_id: sessionId,
          workspace_id: 'default',
          trace_id: own.traceId,
        }),
      );
    }
    expect(found.find((line) => line['msg'] === 'request')).toHaveProperty('request_id');
    const keys = new Set(lines.flatMap((line) => Object.keys(line)));
    expect([...keys].filter((key) => /[A-Z]/.test(key))).toEqual([]);
    for (const other of ['session', 'workspace', 'request', 'trace', 'error'])
      expect(keys).not.toContain(other);
  });
});
