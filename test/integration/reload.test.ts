import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pickFreePort } from '../../providers/host/free-port.ts';
import { identifyProcess } from '../../providers/host/process-identity.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WAIT = { timeout: 60_000, interval: 50 };
/** The program that npm starts, by its script. */
const PROGRAMS = { api: 'server.ts', worker: 'worker.ts' } as const;

/** Api and worker as operators start them, by npm, and what their signals do. */
describe('npm run api, npm run worker', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'managed-agent-reload-'));
  const file = path.join(folder, 'config.yaml');
  const keyFile = path.join(folder, 'second.key');
  const started: Started[] = [];
  let services: TestServices;
  let port: number;

  interface Started {
    npm: ChildProcess;
    /** Of the program itself. */
    pid: number;
    said: string;
  }

  beforeAll(async () => {
    chmodSync(folder, 0o711);
    services = await startTestServices();
    port = await pickFreePort();
  });
  afterAll(async () => {
    for (const { pid } of started) if (identifyProcess(pid) !== null) process.kill(pid, 'SIGKILL');
    await services.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function write(changes: Record<string, unknown> = {}): void {
    const settings = {
      data_dir: folder,
      api: { port, unready_seconds: 0, drain_seconds: 1 },
      worker: { drain_seconds: 1 },
      store: { url: services.postgresUrl },
      temporal: { address: services.temporalAddress, task_queue: services.taskQueue },
      sandbox: { driver: 'none' },
      auth: {
        keys: [
          { id: 'first', key_env: 'FIRST_KEY', operator: true },
          { id: 'second', key_file: keyFile },
        ],
      },
      ...changes,
    };
    writeFileSync(file, JSON.stringify(settings));
  }

  /** A program whose command line ends with these words and that has the folder's settings. */
  function pidOf(npm: ChildProcess): number {
    let pid = npm.pid ?? 0;
    for (;;) {
      const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
      if (child === undefined || child === '') return pid;
      pid = Number(child);
    }
  }

  async function start(script: keyof typeof PROGRAMS): Promise<Started> {
    const npm = spawn('npm', ['run', script, '--', '--config', file], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        FIRST_KEY: 'the first key',
        ANTHROPIC_API_KEY: 'for the catalogue only',
      },
    });
    const one: Started = { npm, pid: 0, said: '' };
    started.push(one);
    for (const stream of [npm.stdout, npm.stderr])
      stream?.on('data', (data: Buffer) => (one.said += data.toString()));
    const line = script === 'api' ? 'the api listens' : 'the worker polls';
    await vi.waitFor(() => expect(one.said).toContain(line), WAIT);
    one.pid = pidOf(npm);
    expect(readFileSync(`/proc/${one.pid}/cmdline`, 'utf8')).toContain(PROGRAMS[script]);
    return one;
  }

  const ended = (pid: number) => expect.poll(() => identifyProcess(pid), WAIT).toBeNull();
  const ask = (route: string, key: string) =>
    fetch(`http://127.0.0.1:${port}${route}`, { headers: { 'x-api-key': key } });
  async function hangUp(one: Started, says: RegExp): Promise<string> {
    const before = one.said.length;
    process.kill(one.pid, 'SIGHUP');
    await expect.poll(() => one.said.slice(before), WAIT).toMatch(says);
    return one.said.slice(before);
  }

  it('end with npm at SIGTERM and SIGINT, and not at SIGHUP', async () => {
    writeFileSync(keyFile, 'the second key');
    write();
    for (const script of ['api', 'worker'] as const) {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        const one = await start(script);
        one.npm.kill(signal);
        await ended(one.pid);
        expect(one.said).toContain('stopping');
      }
      const one = await start(script);
      await hangUp(one, /the settings were read anew, and 0 changed/);
      const gone = new Promise((resolve) => one.npm.once('exit', resolve));
      one.npm.kill('SIGHUP');
      await gone;
      if (script === 'api') expect((await ask('/v1/agents', 'the second key')).status).toBe(200);
      process.kill(one.pid, 'SIGTERM');
      await ended(one.pid);
    }
  }, 300_000);

  it('take on at SIGHUP what may change, and nothing of settings that are wrong', async () => {
    writeFileSync(keyFile, 'the second key');
    write();
    const [api, worker] = [await start('api'), await start('worker')];
    const post = async (route: string, body: unknown) => {
      const headers = { 'x-api-key': 'the second key', 'content-type': 'application/json' };
      const answer = await fetch(`http://127.0.0.1:${port}${route}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return (await answer.json()) as { id: string };
    };
    const agent = await post('/v1/agents', { name: 'a', model: 'demo' });
    const environment = await post('/v1/environments', { name: 'e' });
    const session = await post('/v1/sessions', { agent: agent.id, environment_id: environment.id });
    const streamed = await ask(`/v1/sessions/${session.id}/events/stream`, 'the second key');
    let isOpen = true;
    const reading = (async () => {
      for await (const _ of streamed.body ?? []) void _;
    })()
      .catch(() => undefined)
      .finally(() => {
        isOpen = false;
      });

    // Wrong in one place: nothing counts, and the log says where.
    write({ log: { level: 'loud' } });
    const refused = await hangUp(api, /settings are wrong/);
    expect(refused).toContain('log.level');
    expect((await ask('/v1/agents', 'the second key')).status).toBe(200);
    rmSync(keyFile);
    write();
    expect(await hangUp(api, /settings are wrong/)).toContain('auth.keys.1.key_file');
    expect(isOpen).toBe(true);
    expect((await ask('/audit', 'the first key')).status).toBe(200);

    // A new key in the same file: the old one ends, with the stream that came with it.
    writeFileSync(keyFile, 'another second key');
    write({
      auth: {
        keys: [
          { id: 'first', key_env: 'FIRST_KEY' },
          { id: 'second', key_file: keyFile, operator: true },
        ],
      },
      rate_limits: { reads_per_minute: 3 },
      log: { level: 'debug' },
      models: [{ id: 'later', provider: 'demo' }],
      session: { parallel_tools: 3 },
    });
    // Models are offered as the workers have them.
    expect(await hangUp(worker, /read anew/)).toMatch(/models/);
    const offered = async () => {
      const answer = await ask('/v1/models', 'the first key');
      return ((await answer.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
    };
    await expect.poll(offered, WAIT).toContain('later');
    const taken = await hangUp(api, /count after a restart only/);
    for (const name of ['auth.keys', 'rate_limits.reads_per_minute', 'log.level', 'models'])
      expect(taken).toContain(name);
    expect(taken).toMatch(/session\.parallel_tools.*count after a restart only/);
    expect(taken).not.toContain('another second key');
    await reading;
    expect((await ask('/v1/agents', 'the second key')).status).toBe(401);
    expect((await ask('/v1/agents', 'another second key')).status).toBe(200);
    // Who may read the audit log has changed too, and it says that settings were changed in both processes.
    expect((await ask('/audit', 'the first key')).status).toBe(403);
    const audited = await (await ask('/audit?operation=changeSettings', 'another second key')).json();
    expect(audited).toMatchObject({
      data: [
        { path: expect.stringContaining(`SIGHUP (api ${api.pid}@`) as string },
        { path: expect.stringContaining(`SIGHUP (worker ${worker.pid}@`) as string },
      ],
    });
    expect(JSON.stringify(audited)).toContain('auth.keys');
    const statuses = await Promise.all(
      [1, 2, 3, 4].map(async () => (await ask('/v1/agents', 'the first key')).status),
    );
    expect(statuses).toContain(429);

    for (const { npm, pid } of [api, worker]) {
      npm.kill('SIGTERM');
      await ended(pid);
    }
  }, 300_000);
});
