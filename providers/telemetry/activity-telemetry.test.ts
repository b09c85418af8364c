import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../core/errors.ts';
import type { ModelResponse } from '../model/model-provider.ts';
import { createActivityTelemetry } from './activity-telemetry.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { traceTo, type Tracing } from './tracing.ts';

const response: ModelResponse = {
  blocks: [{ type: 'text', text: 'a private answer' }],
  stop: 'end_turn',
  usage: {
    input_tokens: 5,
    output_tokens: 7,
    cache_read_input_tokens: 11,
    cache_creation_5m_input_tokens: 2,
    cache_creation_1h_input_tokens: 3,
  },
  requestId: 'req_1',
  answered: { id: 'msg_1', model: 'gemini-x-001' },
};
const request = {
  provider: 'work',
  model: 'my-gemini',
  vendorModel: 'gemini-x',
  server: { host: 'gateway.local', port: 8443 },
  sessionId: 'sesn_1',
  maxOutputTokens: 100,
  turn: null,
  attempt: 2,
};

const place = { turn: null, attempt: 1 };

describe('what activities leave in traces and metrics', () => {
  let exporter: InMemorySpanExporter;
  let tracing: Tracing;
  let metrics: Metrics;
  beforeEach(() => {
    exporter = new InMemorySpanExporter();
    tracing = traceTo(new SimpleSpanProcessor(exporter), { serviceName: 's', part: 'worker', version: '1' });
    metrics = createMetrics('worker');
  });
  afterEach(() => tracing.close());
  const telemetry = () =>
    createActivityTelemetry(metrics, { providerOf: () => ({ connection: 'work', vendor: 'gcp.gemini' }) });
  const spans = () => exporter.getFinishedSpans();

  it('is, of a model request, a span by the GenAI conventions, a time and tokens', async () => {
    const answer = await telemetry().modelRequest(request, async (onPart) => {
      onPart({ type: 'block-start', index: 0, block: 'text' });
      onPart({ type: 'text-delta', index: 0, text: 'a private answer' });
      return response;
    });
    expect(answer).toBe(response);
    const [span] = spans();
    expect(span?.name).toBe('chat gemini-x');
    expect(span?.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'gcp.gemini',
      'managed_agent.connection': 'work',
      'gen_ai.request.model': 'gemini-x',
      'gen_ai.request.max_tokens': 100,
      'gen_ai.request.stream': true,
      'gen_ai.conversation.id': 'sesn_1',
      'gen_ai.response.id': 'msg_1',
      'gen_ai.response.model': 'gemini-x-001',
      'server.address': 'gateway.local',
      'server.port': 8443,
      'managed_agent.attempt': 2,
      'gen_ai.response.finish_reasons': ['end_turn'],
      'gen_ai.usage.input_tokens': 21,
      'gen_ai.usage.output_tokens': 7,
      'gen_ai.usage.cache_read.input_tokens': 11,
      'gen_ai.usage.cache_creation.input_tokens': 5,
    });
    const text = await metrics.text();
    const labels = 'part="worker",provider="work",model="my-gemini"';
    expect(text).toContain(`model_request_duration_seconds_count{${labels},outcome="ok"} 1`);
    expect(text).toContain(`model_first_part_seconds_count{${labels}} 1`);
    expect(text).toContain(
      'model_tokens_total{provider="work",model="my-gemini",kind="cache_write",part="worker"} 5',
    );
  });

  it('names failures by their code and keeps their words out', async () => {
    const failure = new AppError('model_overloaded', 'a private prompt was refused');
    const failing = telemetry().modelRequest(request, async () => {
      throw failure;
    });
    await expect(failing).rejects.toBe(failure);
    const [span] = spans();
    expect(span?.attributes).toMatchObject({ 'error.type': 'model_overloaded' });
    expect(JSON.stringify([span?.attributes, span?.events, span?.status])).not.toContain('private');
    expect(await metrics.text()).toMatch(
      /model_request_duration_seconds_count\{[^}]*outcome="model_overloaded"\} 1/,
    );
    expect(await metrics.text()).not.toMatch(/model_first_part_seconds_count\{/);
  });

  it('is, of a tool call, a span and a time', async () => {
    const call = { toolUseId: 'sevt_1', sessionId: 'sesn_1', ...place };
    await telemetry().toolCall({ name: 'bash', ...call }, async () => ({ isError: false }));
    await telemetry().toolCall({ name: 'mcp_thing', ...call }, async () => ({ isError: true }));
    expect(spans().map(({ name }) => name)).toEqual(['execute_tool bash', 'execute_tool mcp_thing']);
    expect(spans()[0]?.attributes).toEqual({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'bash',
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': 'sevt_1',
      'gen_ai.conversation.id': 'sesn_1',
      'managed_agent.attempt': 1,
    });
    expect(spans()[1]?.attributes).toMatchObject({ 'error.type': 'tool_error' });
    const text = await metrics.text();
    expect(text).toContain('tool_call_duration_seconds_count{part="worker",tool="bash",outcome="ok"} 1');
    expect(text).toContain(
      'tool_call_duration_seconds_count{part="worker",tool="mcp_thing",outcome="error"} 1',
    );
  });

  it('has series for a hundred tools, and one for all later ones', async () => {
    const observed = telemetry();
    for (let index = 0; index < 120; index++) {
      const call = { name: `tool_${index}`, toolUseId: 'sevt_1', sessionId: 'sesn_1', ...place };
      await observed.toolCall(call, async () => ({ isError: false }));
    }
    const counts = (await metrics.text())
      .split('\n')
      .filter((line) => line.includes('tool_call_duration_seconds_count'));
    expect(counts).toHaveLength(101);
    expect(counts.at(-1)).toContain('tool="other",outcome="ok"} 20');
  });

  it('costs no span while there is no collector', async () => {
    await tracing.close();
    const call = { name: 'bash', toolUseId: 'sevt_1', sessionId: 'sesn_1', ...place };
    await telemetry().toolCall(call, async () => ({ isError: false }));
    expect(spans()).toEqual([]);
    expect(await metrics.text()).toContain('tool="bash",outcome="ok"} 1');
  });
});
