import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { identifyProcess } from '../providers/host/process-identity.ts';
import type { RunFile } from './run-file.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** Stand-ins for the two parts: they start, say what they were given, and can be told to end. */
const API = `
import { createServer } from 'node:http';
console.log(JSON.stringify({ key: process.env.ANTHROPIC_API_KEY ?? null, store: process.env.MANAGED_AGENT_STORE_URL }));
const status = JSON.stringify({ parts: { database: { state: 'ok' }, temporal: { state: 'ok' }, brains: { state: 'ok' } } });
createServer((request, response) => response.end(status)).listen(Number(process.env.MANAGED_AGENT_API_PORT), '127.0.0.1');
process.on('SIGTERM', () => { console.log('stopped'); process.exit(0); });
`;
const WORKER = `
import { existsSync } from 'node:fs';
if (existsSync('broken')) { console.log('broken on purpose'); process.exit(1); }
console.log(JSON.stringify({ key: process.env.ANTHROPIC_API_KEY ?? null }));
setInterval(() => {}, 1000);
process.on('SIGTERM', () => { console.log('stopped'); process.exit(0); });
`;
const MAIN = `
import { loadConfig, readHostEnvironment } from ${JSON.stringify(path.join(ROOT, 'config.ts'))};
import { supervise } from ${JSON.stringify(path.join(ROOT, 'supervisor/supervise.ts'))};
try {
  const service = await supervise({ config: loadConfig({ part: 'supervisor' }), host: readHostEnvironment(), root: process.cwd(),
    entries: { api: 'api.mjs', worker: 'worker.mjs' }, say: (line) => console.log(line) });
  process.on('SIGTERM', async () => { await service.stop(); process.exit(0); });
  await service.ready();
  console.log('READY');
} catch (error) { console.log('FAILED ' + error.message); process.exit(1); }
`;

class Instance {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'supervise-'));
  readonly dataDir = path.join(this.folder, 'data');
  supervisor: ChildProcess | null = null;

  constructor() {
    chmodSync(this.folder, 0o711);
    for (const [name, text] of [
      ['api.mjs', API],
      ['worker.mjs', WORKER],
      ['main.mts', MAIN],
    ] as const) {
      writeFileSync(path.join(this.folder, name), text);
    }
  }

  /** Starts a supervisor; resolves with what it said when it is ready or has failed. */
  async start(settings: Record<string, string> = {}): Promise<string> {
    const child = spawn(process.execPath, ['main.mts'], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        ANTHROPIC_API_KEY: 'secret',
        MANAGED_AGENT_DATA_DIR: this.dataDir,
        MANAGED_AGENT_API_PORT: '0',
        MANAGED_AGENT_TEMPORAL_PORT: '0',
        MANAGED_AGENT_TEMPORAL_UI_PORT: '0',
        ...settings,
      },
    });
    this.supervisor = child;
    this.said = '';
    child.stdout.on('data', (data: Buffer) => (this.said += data.toString()));
    child.stderr.on('data', (data: Buffer) => (this.said += data.toString()));
    await expect.poll(() => this.said, { timeout: 60_000 }).toMatch(/READY|FAILED/);
    return this.said;
  }
  said = '';

  pids(): RunFile['pids'] {
    return (JSON.parse(readFileSync(path.join(this.dataDir, 'run.json'), 'utf8')) as RunFile).pids;
  }

  log(part: string): string {
    return readFileSync(path.join(this.dataDir, 'logs', `${part}.log`), 'utf8');
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const { supervisor } = this;
    if (!supervisor || supervisor.exitCode !== null || supervisor.signalCode !== null) return;
    const ended = new Promise((resolve) => supervisor.once('exit', resolve));
    supervisor.kill(signal);
    await ended;
  }
}

const instances: Instance[] = [];
function newInstance(): Instance {
  const instance = new Instance();
  instances.push(instance);
  return instance;
}
afterEach(async () => {
  for (const instance of instances.splice(0)) {
    await instance.end('SIGTERM');
    rmSync(instance.folder, { recursive: true, force: true });
  }
});

async function kill(pid: number | undefined): Promise<void> {
  if (pid === undefined) throw new Error('there is no such process');
  process.kill(pid, 'SIGKILL');
  while (identifyProcess(pid) !== null) await sleep(10);
}

describe('the supervisor', () => {
  it('starts all parts, and stops them all on SIGTERM', async () => {
    const instance = newInstance();
    await instance.start();
    const pids = Object.values(instance.pids());
    expect(pids).toHaveLength(5);
    await instance.end('SIGTERM');
    expect(pids.map((pid) => identifyProcess(pid))).toEqual([null, null, null, null, null]);
    expect([instance.log('api'), instance.log('worker')].join('')).toMatch(/stopped[^]*stopped/);
  });

  it('gives the keys of model providers to the worker only', async () => {
    const instance = newInstance();
    await instance.start();
    expect(instance.log('api')).toContain('"key":null');
    await expect.poll(() => instance.log('worker')).toContain('"key":"secret"');
  });

  it.each(['postgres', 'temporal', 'api', 'worker'] as const)(
    'starts %s again when it is killed',
    async (part) => {
      const instance = newInstance();
      await instance.start();
      const before = instance.pids();
      await kill(before[part]);
      await expect.poll(() => instance.pids()[part], { timeout: 10_000 }).not.toBe(before[part]);
      const { [part]: gone, ...others } = before;
      expect(identifyProcess(gone ?? 0)).toBeNull();
      expect(instance.pids()).toMatchObject(others);
    },
  );

  it('says so when a part ends again and again, and starts it ever more slowly', async () => {
    const instance = newInstance();
    await instance.start();
    writeFileSync(path.join(instance.folder, 'broken'), '');
    await kill(instance.pids().worker);
    await expect
      .poll(() => instance.said, { timeout: 20_000 })
      .toMatch(/worker keeps ending; next start in 1 s[^]*broken on purpose/);
    rmSync(path.join(instance.folder, 'broken'));
    await expect.poll(() => identifyProcess(instance.pids().worker ?? 0), { timeout: 20_000 }).not.toBeNull();
  });

  it('killed itself, adopts what still works', async () => {
    const instance = newInstance();
    await instance.start();
    const { supervisor, ...before } = instance.pids();
    await instance.end('SIGKILL');
    await instance.start();
    expect(instance.pids()).toMatchObject(before);
    expect(instance.pids().supervisor).not.toBe(supervisor);
  });

  it('replaces parts that a killed supervisor left stopped', async () => {
    const instance = newInstance();
    await instance.start();
    const before = instance.pids();
    await instance.end('SIGKILL');
    for (const part of ['api', 'worker'] as const) process.kill(before[part] ?? 0, 'SIGSTOP');
    expect(await instance.start()).toMatch(/The api left by another run .* does not work[^]*The worker left/);
    for (const part of ['api', 'worker'] as const) expect(identifyProcess(before[part] ?? 0)).toBeNull();
    expect(instance.pids()).toMatchObject({ postgres: before.postgres, temporal: before.temporal });
  });

  it('is refused on a data folder that another one has, which goes on undisturbed', async () => {
    const first = newInstance();
    await first.start();
    const second = newInstance();
    expect(await second.start({ MANAGED_AGENT_DATA_DIR: first.dataDir })).toMatch(
      new RegExp(`in use by another instance \\(pid ${first.pids().supervisor}\\)`),
    );
    expect(identifyProcess(first.pids().api ?? 0)).not.toBeNull();
  });

  it('runs beside another one with another data folder', async () => {
    const [first, second] = [newInstance(), newInstance()];
    await Promise.all([first.start(), second.start()]);
    const pids = [...Object.values(first.pids()), ...Object.values(second.pids())];
    expect(new Set(pids).size).toBe(10);
  });

  it('names the port of the api when another program has it, and leaves nothing behind', async () => {
    const blocker = createServer();
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, '127.0.0.1', () => {
        const address = blocker.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
    const instance = newInstance();
    expect(await instance.start({ MANAGED_AGENT_API_PORT: String(port) })).toMatch(
      new RegExp(`FAILED api\\.port: port ${port} of 127\\.0\\.0\\.1 is taken`),
    );
    blocker.close();
  });
});
