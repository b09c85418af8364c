import { execFile } from 'node:child_process';
import { mkdtempSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { pickFreePort } from '../../providers/host/free-port.ts';
import { promtool } from '../harness/promtool.ts';
import { startService, type RunningService } from '../harness/service.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const FOLDER = path.join(ROOT, 'deploy/monitoring');
const run = promisify(execFile);
const read = (name: string): string => readFileSync(path.join(FOLDER, name), 'utf8');

interface Rules {
  groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
}
interface Dashboard {
  panels: { id: number; title: string; type: string; targets?: { expr: string }[] }[];
}
const rules = (parse(read('alerts.yml')) as Rules).groups.flatMap((group) => group.rules);
const { panels } = JSON.parse(read('grafana-dashboard.json')) as Dashboard;

describe('the files for Prometheus and Grafana', () => {
  it('are taken by promtool, and each alert fires on its trouble and on nothing else', async ({ skip }) => {
    const tool = await promtool();
    if ('why' in tool) return skip(tool.why);
    const folder = mkdtempSync(path.join(tmpdir(), 'managed-agent-monitoring-'));
    try {
      cpSync(FOLDER, folder, { recursive: true });
      writeFileSync(path.join(folder, 'operator-key'), 'key');
      // What the dashboard asks is a rule here, so that its expressions are read by Prometheus itself.
      const asked = panels.flatMap(({ id, targets = [] }) =>
        targets.map(({ expr }, index) => ({
          record: `panel_${id}_${index}`,
          expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '1h'),
        })),
      );
      expect(asked.length).toBeGreaterThan(panels.length / 2);
      writeFileSync(
        path.join(folder, 'panels.yml'),
        JSON.stringify({ groups: [{ name: 'panels', rules: asked }] }),
      );
      await run(tool.path, ['check', 'config', 'prometheus.yml'], { cwd: folder });
      await run(tool.path, ['check', 'rules', 'alerts.yml', 'panels.yml'], { cwd: folder });
      await run(tool.path, ['test', 'rules', 'alerts.test.yml'], { cwd: folder });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('have a test and a line in the manual for each alert', () => {
    const manual = readFileSync(path.join(ROOT, 'docs/operators.md'), 'utf8');
    for (const { alert, annotations } of rules) {
      expect(read('alerts.test.yml')).toContain(`alertname="${alert}"`);
      expect(manual).toContain(`| \`${alert}\``);
      expect(Object.keys(annotations).toSorted()).toEqual(['description', 'runbook', 'summary']);
    }
  });
});

describe('what a running service exposes', () => {
  let service: RunningService | undefined;
  let texts: string[] = [];

  beforeAll(async () => {
    const port = await pickFreePort();
    const { url } = (service = await startService({ MANAGED_AGENT_TELEMETRY_WORKER_PORT: String(port) }));
    const answer = await fetch(`${url}/api/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message: 'Look around and tell me what you see' }),
    });
    // The stream ends with the turn.
    await answer.text();
    const text = async (from: string): Promise<string> => (await fetch(from)).text();
    const seen = async (): Promise<string> => {
      texts = [await text(`${url}/metrics`), await text(`http://127.0.0.1:${port}/metrics`)];
      return texts.join('\n');
    };
    // Gauges of the store are read every ten seconds, those of the SDK when they first change.
    const used = /^managed_agent_workspace_tokens_total\{[^}]*kind="output"[^}]*\} [1-9]/m;
    await vi.waitUntil(async () => used.test(await seen()), { timeout: 60_000, interval: 1_000 });
  });
  afterAll(async () => {
    await service?.stop();
  });

  it('has every metric that a dashboard or an alert asks for', () => {
    const exposed = new Set<string>();
    for (const [, name = '', kind] of texts.join('\n').matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      if (kind === 'histogram') for (const part of ['bucket', 'sum', 'count']) exposed.add(`${name}_${part}`);
      else exposed.add(name);
    }
    const expressions = [
      ...rules.map(({ expr }) => expr),
      ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ].join('\n');
    const asked = [...expressions.matchAll(/\b(?:managed_agent|temporal|process|nodejs)_\w+/g)].map(
      ([name]) => name,
    );
    expect(asked.length).toBeGreaterThan(30);
    expect([...new Set(asked)].filter((name) => !exposed.has(name))).toEqual([]);
  });

  it('keeps to the rules of Prometheus for names', async ({ skip }) => {
    const tool = await promtool();
    if ('why' in tool) return skip(tool.why);
    for (const text of texts) {
      const checked = run(tool.path, ['check', 'metrics']);
      checked.child.stdin?.end(text);
      expect(await checked).toEqual({ stdout: '', stderr: '' });
    }
  });

  it('says of Temporal which slots are taken, how long tasks waited, and what is cached', () => {
    const worker = texts[1] ?? '';
    for (const line of [
      /^temporal_worker_task_slots_available\{[^}]*worker_type="ActivityWorker"[^}]*\} [1-9]/m,
      /^temporal_worker_task_slots_used\{[^}]*worker_type="WorkflowWorker"[^}]*\} \d/m,
      /^temporal_activity_schedule_to_start_latency_seconds_count\{[^}]*task_queue="managed-agent[^}]*\} [1-9]/m,
      /^temporal_workflow_task_schedule_to_start_latency_seconds_count\{[^}]*\} [1-9]/m,
      /^temporal_sticky_cache_size\{[^}]*\} [1-9]/m,
      /^temporal_sticky_cache_hit_total\{[^}]*\} [1-9]/m,
      /^temporal_num_pollers\{[^}]*poller_type="workflow_task"[^}]*\} [1-9]/m,
      /^temporal_worker_task_slots_available\{[^}]*task_queue="managed-agent-control"[^}]*\} [1-9]/m,
    ]) {
      expect(worker).toMatch(line);
    }
  });

  it('says what workspaces use, which sandboxes live, and how the pool of connections is', () => {
    const [api = '', worker = ''] = texts;
    expect(api).toMatch(/^managed_agent_workspace_cost_usd_total\{workspace="[^"]+",part="api"\} \d/m);
    for (const text of [api, worker])
      expect(text).toMatch(/^managed_agent_store_connections\{state="idle"[^}]*\} \d/m);
    expect(worker).toMatch(
      /^managed_agent_sandboxes\{host="[^"]+",driver="[^"]+",state="running"[^}]*\} \d/m,
    );
  });
});
