import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../examples/connect.ts';
import { catchesSignal } from '../providers/host/catches-signal.ts';
import { identifyProcess } from '../providers/host/process-identity.ts';
import type { RunFile } from './run-file.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** Stand-ins for the two parts of this checkout. */
const API = `
import { createServer } from 'node:http';
console.log('runs');
process.on('SIGHUP', () => console.log('got SIGHUP'));
const status = JSON.stringify({ parts: { database: { state: 'ok' }, temporal: { state: 'ok' }, brains: { state: 'ok' } } });
createServer((request, response) => response.end(status)).listen(Number(process.env.MANAGED_AGENT_API_PORT), '127.0.0.1');
`;
const WORKER = `console.log('runs'); process.on('SIGHUP', () => console.log('got SIGHUP')); setInterval(() => {}, 1000);`;
/** What start.ts does, on the stand-ins. */
const MAIN = `
import { loadConfig, readHostEnvironment } from ${JSON.stringify(path.join(ROOT, 'config.ts'))};
import { runService } from ${JSON.stringify(path.join(ROOT, 'supervisor/run-service.ts'))};
process.exit(await runService({ config: loadConfig({ part: 'supervisor' }), host: readHostEnvironment(), root: process.cwd(),
  entries: { api: 'api.mjs', worker: 'worker.mjs' }, say: (line) => console.log(line), announce: () => console.log('is ready') }));
`;

/** The service, or its two servers with stand-ins for the rest, on a data folder of its own. */
class Start {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'signals-'));
  readonly dataDir = path.join(this.folder, 'data');
  said = '';
  supervisor: ChildProcess | null = null;
  readonly settings: Record<string, string>;
  constructor(settings: Record<string, string> = {}) {
    this.settings = settings;
    // PostgreSQL and sandboxes started by root run under other accounts, which must get through.
    chmodSync(this.folder, 0o711);
    for (const [name, text] of [
      ['api.mjs', API],
      ['worker.mjs', WORKER],
      ['main.mjs', MAIN],
      ['package.json', JSON.stringify({ scripts: { start: startScript().replace('start.ts', 'main.mjs') } })],
    ] as const) {
      writeFileSync(path.join(this.folder, name), text);
    }
  }

  launch(command = [process.execPath, 'main.mjs'], cwd = this.folder): ChildProcess {
    const [program = '', ...words] = command;
    const child = spawn(program, words, {
      cwd,
      // The leader of a process group, as a shell makes one for what is typed.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'],
        MANAGED_AGENT_DATA_DIR: this.dataDir,
        MANAGED_AGENT_API_PORT: '0',
        MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
        MANAGED_AGENT_API_DRAIN_SECONDS: '1',
        ...this.settings,
      },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => (this.said += data.toString()));
    }
    this.supervisor = child;
    return child;
  }

  async ready(): Promise<void> {
    await expect.poll(() => this.said, { timeout: 60_000 }).toContain('is ready');
  }

  run(): RunFile {
    return JSON.parse(readFileSync(path.join(this.dataDir, 'run.json'), 'utf8')) as RunFile;
  }

  async ended(): Promise<void> {
    const child = this.supervisor;
    const pid = child?.pid ?? 0;
    await expect.poll(() => identifyProcess(pid), { timeout: 30_000 }).toBeNull();
  }

  /** The processes that name the data folder in their command line or environment, or stand in it. */
  left(): string[] {
    return readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid) && identifyProcess(Number(pid)) !== null)
      .filter((pid) => ['cmdline', 'environ'].some((file) => read(pid, file).includes(this.folder)))
      .map((pid) => `${pid} ${read(pid, 'cmdline').replaceAll('\0', ' ').slice(0, 120)}`);
  }
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

const starts: Start[] = [];
function newStart(settings?: Record<string, string>): Start {
  const start = new Start(settings);
  starts.push(start);
  return start;
}
afterEach(() => {
  for (const start of starts.splice(0)) {
    // Only a test that failed has left something.
    for (const line of start.left()) process.kill(Number(line.split(' ')[0]), 'SIGKILL');
    rmSync(start.folder, { recursive: true, force: true });
  }
});

describe.runIf(process.platform === 'linux')('npm start leaves nothing running', () => {
  it.each<[string, (start: Start, pid: number) => Promise<void> | void]>([
    ['SIGTERM', (_, pid) => void process.kill(pid, 'SIGTERM')],
    [
      'SIGINT twice',
      async (_, pid) => {
        process.kill(pid, 'SIGINT');
        await sleep(200);
        process.kill(pid, 'SIGINT');
      },
    ],
    [
      'SIGHUP, which ends nothing, and SIGTERM right after it',
      (_, pid) => {
        process.kill(pid, 'SIGHUP');
        process.kill(pid, 'SIGTERM');
      },
    ],
    ['SIGQUIT', (_, pid) => void process.kill(pid, 'SIGQUIT')],
    ['SIGTERM to its process group', (_, pid) => void process.kill(-pid, 'SIGTERM')],
    [
      'SIGHUP from a terminal that is gone, which ends nothing, and SIGTERM a while later',
      async (start, pid) => {
        start.supervisor?.stdout?.destroy();
        start.supervisor?.stderr?.destroy();
        process.kill(pid, 'SIGHUP');
        await sleep(2_000);
        expect(start.left().length).toBeGreaterThan(4);
        process.kill(pid, 'SIGTERM');
      },
    ],
    [
      'SIGTERM to a part and then to it',
      (start, pid) => {
        process.kill(start.run().pids.api ?? 0, 'SIGTERM');
        process.kill(pid, 'SIGTERM');
      },
    ],
    [
      'SIGTERM while parts are started again',
      async (start, pid) => {
        const { temporal = 0, worker = 0 } = start.run().pids;
        for (const part of [temporal, worker]) process.kill(part, 'SIGKILL');
        await expect.poll(() => start.said).toMatch(/temporal .* ended; it is started again/);
        process.kill(pid, 'SIGTERM');
      },
    ],
  ])('after %s', async (_, send) => {
    const start = newStart();
    const { pid = 0 } = start.launch();
    await start.ready();
    expect(start.left().length).toBeGreaterThan(4);
    await send(start, pid);
    await start.ended();
    expect(start.left()).toEqual([]);
  });

  it('after SIGTERM to npm, which started it', async () => {
    const start = newStart();
    const npm = start.launch(['npm', 'start']);
    await start.ready();
    const { supervisor } = start.run().pids;
    npm.kill('SIGTERM');
    await start.ended();
    await expect.poll(() => identifyProcess(supervisor), { timeout: 30_000 }).toBeNull();
    expect(start.left()).toEqual([]);
  });

  it('after SIGTERM, however often SIGHUP came: as soon as it starts, to npm, and to what npm started', async () => {
    const start = newStart();
    const npm = start.launch(['npm', 'start']);
    await expect.poll(() => existsSync(start.dataDir), { timeout: 30_000, interval: 10 }).toBe(true);
    const starting = start.left().map((line) => Number(line.split(' ')[0]));
    for (const pid of starting) if (catchesSignal(pid, 'SIGHUP')) process.kill(pid, 'SIGHUP');
    await start.ready();
    const { supervisor, api, worker } = start.run().pids;
    process.kill(supervisor, 'SIGHUP');
    const logs = ['api', 'worker'].map((part) => path.join(start.dataDir, 'logs', `${part}.log`));
    for (const log of logs) await expect.poll(() => readFileSync(log, 'utf8')).toContain('got SIGHUP');
    // npm ends by it, and passes nothing on.
    npm.kill('SIGHUP');
    await sleep(1_000);
    expect(start.run().pids).toMatchObject({ supervisor, api, worker });
    for (const pid of [supervisor, api, worker]) expect(identifyProcess(pid ?? 0)).not.toBeNull();
    process.kill(supervisor, 'SIGTERM');
    await expect.poll(() => identifyProcess(supervisor), { timeout: 30_000 }).toBeNull();
    expect(start.left()).toEqual([]);
  });

  it.each(['postgres', 'temporal', 'api', 'worker'])(
    'after SIGTERM as soon as %s is started',
    async (part) => {
      const start = newStart();
      const { pid = 0 } = start.launch();
      const log = path.join(start.dataDir, 'logs', `${part}.log`);
      while (!existsSync(log)) await sleep(1);
      process.kill(pid, 'SIGTERM');
      await start.ended();
      expect(start.left()).toEqual([]);
    },
  );

  it('after SIGTERM while a part is awaited that never gets ready', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'never-ready-'));
    const cli = path.join(folder, 'temporal');
    const version = 'temporal version 1.0.0 (Server 1.0.0, UI 2.0.0)';
    writeFileSync(cli, `#!/bin/sh\n[ "$1" = --version ] && echo '${version}' && exit\nexec sleep 1000\n`);
    chmodSync(cli, 0o755);
    const start = newStart({ TEMPORAL_CLI: cli });
    const { pid = 0 } = start.launch();
    await expect.poll(() => start.left().join('\n'), { timeout: 30_000 }).toContain('sleep 1000');
    process.kill(pid, 'SIGTERM');
    await start.ended();
    expect(start.left()).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it('after SIGTERM at its start, when a killed one had left all its parts', async () => {
    const start = newStart();
    const first = start.launch();
    await start.ready();
    first.kill('SIGKILL');
    await start.ended();
    expect(start.left().length).toBeGreaterThan(3);
    start.said = '';
    const { pid = 0 } = start.launch();
    await expect.poll(() => hasFolder(pid), { interval: 5, timeout: 30_000 }).toBe(true);
    process.kill(pid, 'SIGTERM');
    await start.ended();
    expect(start.left()).toEqual([]);
  });

  it('not even sandboxes, their commands and their proxy', async () => {
    const start = newStart();
    const { pid = 0 } = start.launch([process.execPath, 'start.ts'], ROOT);
    await start.ready();
    const { beta } = connect(start.run().urls.api);
    const environment = await beta.environments.create({
      name: 'e',
      config: { type: 'cloud', networking: { type: 'unrestricted' } },
    });
    const agent = await beta.agents.create({
      name: 'a',
      model: 'demo',
      tools: [
        { type: 'agent_toolset_20260401', default_config: { permission_policy: { type: 'always_allow' } } },
      ],
    });
    const { id } = await beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    const text = 'Run `sleep 1001 & sleep 1002`';
    await beta.sessions.events.send(id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });
    const running = (): string[] =>
      readdirSync('/proc').filter((entry) =>
        ['sleep 1001', 'sleep 1002'].includes(read(entry, 'cmdline').replaceAll('\0', ' ').trim()),
      );
    await expect.poll(() => running().length, { timeout: 60_000 }).toBe(2);
    const commands = running().map((entry) => identifyProcess(Number(entry)));
    expect(start.left().join('\n')).toMatch(/egress\/main\.cjs/);
    process.kill(pid, 'SIGTERM');
    await start.ended();
    expect(start.left()).toEqual([]);
    expect(
      commands.filter((command) => command && identifyProcess(command.pid)?.started === command.started),
    ).toEqual([]);
  });
});

/** Whether a process has the lock of a data folder: from then on it is the supervisor. */
function hasFolder(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((name) =>
      readlinkSync(`/proc/${pid}/fd/${name}`).endsWith('/supervisor.lock'),
    );
  } catch {
    // It opens and closes files meanwhile.
    return false;
  }
}

/** How npm starts the service. A shell in between would take the signal for itself. */
function startScript(): string {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  return scripts.start.replace('./', ROOT);
}
