import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../examples/connect.ts';
import { knownFolder } from '../../providers/host/reachable-folder.ts';
import { findPostmaster } from '../../providers/postgres-server/postmaster.ts';
import { startService, type RunningService } from '../harness/service.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const UNKNOWN = `sesn_${'0'.repeat(26)}`;

describe('the commands of operators on a service that npm start runs', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(async () => service.stop());

  async function run(command: string, ...rest: string[]): Promise<{ status: number; said: string }> {
    return new Promise((resolve) => {
      const env = {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'],
        MANAGED_AGENT_DATA_DIR: service.dataDir,
      };
      const words = ['--disable-warning=ExperimentalWarning', `operations/${command}.ts`, ...rest];
      const child = execFile(process.execPath, words, { cwd: ROOT, env }, (_error, said, problems) =>
        resolve({ status: child.exitCode ?? -1, said: said + problems }),
      );
    });
  }

  it('compare a journal with history', async () => {
    const { beta } = connect(service.url);
    const environment = await beta.environments.create({ name: 'e' });
    const agent = await beta.agents.create({ name: 'a', model: 'demo' });
    const { id } = await beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    const stream = await beta.sessions.events.stream(id);
    await beta.sessions.events.send(id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text: 'Hello' }] }],
    });
    for await (const event of stream) if (event.type === 'session.status_idle') break;
    const { status, said } = await run('rebuild-journal', id);
    expect(said).toMatch(/1 runs tell of \d+ events\.\n$/);
    expect(status).toBe(0);
  });

  it('verify the audit log, and compare it with what was kept', async () => {
    const file = path.join(service.dataDir, 'audit-mark');
    const { beta } = connect(service.url);
    await beta.environments.create({ name: 'audited' });
    const first = await run('verify-audit', '--keep', file);
    expect(first.said).toMatch(/All \d+ entries are as they were written\./);
    expect(first.status).toBe(0);
    const kept = readFileSync(file, 'utf8').trim();
    expect(kept).toMatch(/^[1-9]\d*:[0-9a-f]{64}$/);
    await beta.environments.create({ name: 'audited too' });
    const later = await run('verify-audit', '--mark', kept);
    expect(later.said).toMatch(/--mark [1-9]\d*:[0-9a-f]{64}$/m);
    expect(later.status).toBe(0);
    const [seq = ''] = kept.split(':');
    const other = await run('verify-audit', '--mark', `${seq}:${'0'.repeat(64)}`);
    expect(other.said).toContain(`Entry ${seq}: The entry has another hash`);
    expect(other.status).toBe(1);
    const cut = await run('verify-audit', '--mark', `${Number(seq) + 1_000}:${'0'.repeat(64)}`);
    expect([cut.status, cut.said.includes('are missing')]).toEqual([1, true]);
    expect((await run('verify-audit', '--mark', 'x')).status).toBe(2);
  });

  it('speak with the Temporal that nobody else reaches', async () => {
    expect(service.run().urls.temporal).toMatch(/^unix:/);
    expect(service.run().urls.temporal_ui).toBe(`${service.url}/temporal`);
    const { status, said } = await run('temporal', 'operator', 'namespace', 'describe', 'default');
    expect(said).toMatch(/NamespaceInfo\.Name +default/);
    expect(status).toBe(0);
    expect((await run('temporal', 'no-such-command')).status).toBe(1);
    const page = await fetch(`${service.url}/temporal/api/v1/settings`);
    expect(page.status).toBe(200);
  });

  it.each([
    ['rebuild-journal', [UNKNOWN], `There is no session ${UNKNOWN}.`],
    ['adopt-temporal', [], 'temporal.address: expected the address of a Temporal server'],
    ['migrate-postgres', [], 'is in use by another instance'],
  ])('%s says in one sentence why it cannot be done', async (command, rest, sentence) => {
    const { status, said } = await run(command, ...rest);
    expect(said).toContain(sentence);
    expect(said).not.toMatch(/^ +at /m);
    expect(status).toBe(1);
  });
});

describe('the commands of operators without a service', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'commands-'));
  // PostgreSQL started by root runs under another account, which must get through.
  chmodSync(folder, 0o711);
  const dataDir = path.join(folder, 'data');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const postmaster = () => {
    try {
      return findPostmaster(knownFolder(dataDir, 'postgres'));
    } catch {
      // Its folder is still being made.
      return null;
    }
  };

  it('leave no PostgreSQL behind when they are ended in the middle', async () => {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], MANAGED_AGENT_DATA_DIR: dataDir };
    const words = ['--disable-warning=ExperimentalWarning', 'operations/verify-audit.ts'];
    const child = spawn(process.execPath, words, { cwd: ROOT, env, stdio: 'ignore' });
    const ended = once(child, 'exit');
    await expect.poll(postmaster, { timeout: 60_000, interval: 10 }).not.toBe(null);
    child.kill('SIGINT');
    await ended;
    expect(postmaster()).toBe(null);
  });
});
