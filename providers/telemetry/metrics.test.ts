import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMetrics } from './metrics.ts';

/** The series of a metric, without comments. */
async function series(metrics: ReturnType<typeof createMetrics>, name: string): Promise<string[]> {
  const text = await metrics.text();
  return text.split('\n').filter((line) => line.startsWith(`managed_agent_${name}`));
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the metrics', () => {
  it('time requests by route, method and status', async () => {
    const metrics = createMetrics('api');
    const route = '/v1/sessions/{session_id}';
    metrics.request({ method: 'GET', route, status: 200, seconds: 0.02 });
    metrics.request({ method: 'GET', route, status: 200, seconds: 0.2 });
    metrics.request({ method: 'GET', route, status: 404, seconds: 0.001 });
    expect(await series(metrics, 'http_request_duration_seconds_count')).toEqual([
      `managed_agent_http_request_duration_seconds_count{part="api",method="GET",route="${route}",status="200"} 2`,
      `managed_agent_http_request_duration_seconds_count{part="api",method="GET",route="${route}",status="404"} 1`,
    ]);
  });

  it('count streams, retries, takeovers and tokens, and time models and tools', async () => {
    const metrics = createMetrics('worker');
    const model = { provider: 'demo', model: 'demo' };
    metrics.readStreams(() => 1);
    metrics.modelRetry('model_overloaded');
    metrics.takeover(3);
    metrics.modelRequest({ ...model, outcome: 'ok', seconds: 3, firstPartSeconds: 0.4 });
    metrics.modelRequest({ ...model, outcome: 'model_overloaded', seconds: 1, firstPartSeconds: null });
    metrics.modelTokens(model, { input: 5, output: 7, cacheRead: 11, cacheWrite: 13 });
    metrics.toolCall({ tool: 'bash', outcome: 'ok', seconds: 0.01 });
    const text = await metrics.text();
    for (const line of [
      'event_streams{part="worker"} 1',
      'model_retries_total{code="model_overloaded",part="worker"} 1',
      'takeovers_total{part="worker"} 3',
      'model_request_duration_seconds_count{part="worker",provider="demo",model="demo",outcome="ok"} 1',
      'model_request_duration_seconds_count{part="worker",provider="demo",model="demo",outcome="model_overloaded"} 1',
      'model_first_part_seconds_sum{part="worker",provider="demo",model="demo"} 0.4',
      'model_tokens_total{provider="demo",model="demo",kind="cache_read",part="worker"} 11',
      'tool_call_duration_seconds_sum{part="worker",tool="bash",outcome="ok"} 0.01',
    ]) {
      expect(text).toContain(`managed_agent_${line}`);
    }
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('show the gauges of the store, and that they cannot be read', async () => {
    const metrics = createMetrics('api');
    let failing = false;
    metrics.readStore(async () => {
      if (failing) throw new Error('gone');
      return {
        sessions: new Map([['idle', 4]]),
        queuedEvents: 2,
        oldestQueuedSeconds: 1.5,
        hosts: new Map([
          ['ready', 2],
          ['lost', 1],
        ]),
        hostSessions: new Map([['host_1', 7]]),
        checkpoints: 5,
        workspaces: new Map([
          ['team', { input: 10, output: 20, cacheRead: 30, cacheWrite: 40, costUsd: 1.25 }],
        ]),
      };
    });
    expect(await series(metrics, 'sessions')).toEqual(['managed_agent_sessions{state="idle",part="api"} 4']);
    expect(await series(metrics, 'oldest_queued')).toEqual([
      'managed_agent_oldest_queued_event_seconds{part="api"} 1.5',
    ]);
    expect(await series(metrics, 'store_up')).toEqual(['managed_agent_store_up{part="api"} 1']);
    expect(await series(metrics, 'sandbox_host')).toEqual([
      'managed_agent_sandbox_hosts{state="ready",part="api"} 2',
      'managed_agent_sandbox_hosts{state="lost",part="api"} 1',
      'managed_agent_sandbox_host_sessions{host="host_1",part="api"} 7',
    ]);
    expect(await series(metrics, 'checkpoints')).toEqual(['managed_agent_checkpoints{part="api"} 5']);
    for (let reads = 0; reads < 2; reads++) {
      expect(await series(metrics, 'workspace_')).toEqual([
        'managed_agent_workspace_tokens_total{workspace="team",kind="input",part="api"} 10',
        'managed_agent_workspace_tokens_total{workspace="team",kind="output",part="api"} 20',
        'managed_agent_workspace_tokens_total{workspace="team",kind="cache_read",part="api"} 30',
        'managed_agent_workspace_tokens_total{workspace="team",kind="cache_write",part="api"} 40',
        'managed_agent_workspace_cost_usd_total{workspace="team",part="api"} 1.25',
      ]);
    }
    failing = true;
    expect(await series(metrics, 'sessions')).toEqual([]);
    expect(await series(metrics, 'store_up')).toEqual(['managed_agent_store_up{part="api"} 0']);
    expect(await series(metrics, 'sandbox_host')).toEqual([]);
  });

  it('of a worker time checkpoints and restores, and count their bytes, lost hosts and unsaved sandboxes', async () => {
    const metrics = createMetrics('worker');
    metrics.hosts.checkpoint({ outcome: 'saved', seconds: 0.3 });
    metrics.hosts.checkpoint({ outcome: 'error', seconds: 2 });
    metrics.hosts.checkpointBytes('full', { kept: 1_000, stored: 300 });
    metrics.hosts.checkpointBytes('changes', { kept: 10, stored: 9 });
    metrics.hosts.restore({ outcome: 'restored', seconds: 1.5 });
    metrics.hosts.hostsLost(1);
    metrics.hosts.readUnsaved(() => 3);
    const text = await metrics.text();
    for (const line of [
      'checkpoint_duration_seconds_sum{part="worker",outcome="saved"} 0.3',
      'checkpoint_duration_seconds_count{part="worker",outcome="error"} 1',
      'checkpoint_bytes_total{kind="full",form="kept",part="worker"} 1000',
      'checkpoint_bytes_total{kind="full",form="stored",part="worker"} 300',
      'checkpoint_bytes_total{kind="changes",form="stored",part="worker"} 9',
      'restore_duration_seconds_sum{part="worker",outcome="restored"} 1.5',
      'sandbox_hosts_lost_total{part="worker"} 1',
      'unsaved_sandboxes{part="worker"} 3',
    ]) {
      expect(text).toContain(`managed_agent_${line}`);
    }
  });

  it('show the pool of connections, and the sandboxes of the host, also when these cannot be listed', async () => {
    const metrics = createMetrics('worker');
    metrics.readPool({ totalCount: 9, idleCount: 4, waitingCount: 2 });
    const sandbox = (state: 'running' | 'stopped') => ({ sessionId: `sesn_${state}`, state });
    metrics.hosts.readSandboxes('host_1', {
      kind: 'bubblewrap',
      list: async () => [sandbox('running'), sandbox('running'), sandbox('stopped')],
    });
    expect(await series(metrics, 'store_connection')).toEqual([
      'managed_agent_store_connections{state="idle",part="worker"} 4',
      'managed_agent_store_connections{state="used",part="worker"} 5',
      'managed_agent_store_connection_waiters{part="worker"} 2',
    ]);
    expect(await series(metrics, 'sandboxes')).toEqual([
      'managed_agent_sandboxes{host="host_1",driver="bubblewrap",state="running",part="worker"} 2',
      'managed_agent_sandboxes{host="host_1",driver="bubblewrap",state="stopped",part="worker"} 1',
    ]);
    const broken = createMetrics('worker');
    broken.hosts.readSandboxes('host_1', {
      kind: 'docker',
      list: async () => Promise.reject(new Error('no engine')),
    });
    expect(await series(broken, 'sandboxes')).toEqual([
      'managed_agent_sandboxes{host="host_1",driver="docker",state="running",part="worker"} Nan',
      'managed_agent_sandboxes{host="host_1",driver="docker",state="stopped",part="worker"} Nan',
    ]);
  });

  it('are there before Prometheus gives up on the whole process, when the store or the sandboxes hang', async () => {
    vi.useFakeTimers();
    const metrics = createMetrics('worker');
    metrics.readStore(async () => new Promise(() => undefined));
    metrics.hosts.readSandboxes('host_1', { kind: 'docker', list: async () => new Promise(() => undefined) });
    const text = metrics.text();
    await vi.advanceTimersByTimeAsync(9_000);
    expect(await Promise.race([text, Promise.resolve('late')])).toMatch(
      /^managed_agent_store_up\{part="worker"\} 0$/m,
    );
    expect(await text).toMatch(/^managed_agent_sandboxes\{[^}]*state="running"[^}]*\} Nan$/m);
  });

  it('that alert begin with 0: a series that begins with its first failure has not increased', async () => {
    const text = await createMetrics('worker').text();
    for (const line of [
      'checkpoint_duration_seconds_count{part="worker",outcome="error"} 0',
      'restore_duration_seconds_count{part="worker",outcome="unreadable"} 0',
      'storage_errors_total{store="database",reason="full",part="worker"} 0',
      'turn_failures_total{code="model_credentials_refused",part="worker"} 0',
      'spans_lost_total{reason="queue_full",part="worker"} 0',
    ]) {
      expect(text).toContain(`managed_agent_${line}`);
    }
    expect(await series(createMetrics('api'), 'turn_failures_total')).toEqual([]);
  });

  it('of two processes in one do not mix', async () => {
    const [one, two] = [createMetrics('api'), createMetrics('worker')];
    one.takeover(1);
    expect(await series(two, 'takeovers_total')).toEqual(['managed_agent_takeovers_total{part="worker"} 0']);
  });
});
