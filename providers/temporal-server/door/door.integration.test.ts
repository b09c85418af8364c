import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { cli, host, temporalServers } from '../../../test/harness/temporal-servers.ts';
import { isListening } from '../../host/free-port.ts';
import { identifyProcess, isAlive } from '../../host/process-identity.ts';
import { openConnection } from '../client-connection.ts';
import { socketPathOf } from '../connection-options.ts';
import type { TemporalServer, TemporalServerOptions } from '../start-temporal.ts';
import { openWorkerConnection } from '../worker-connection.ts';

const servers = temporalServers();
const { folders, said, end } = servers;
afterEach(end);

const start = (changes: Partial<TemporalServerOptions> = {}, dataDir = servers.newFolder()) =>
  servers.start(dataDir, changes);

function socketOf(server: TemporalServer): string {
  return socketPathOf(server.address) ?? 'no socket';
}

/** The processes that the server's process has below it. */
function below(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return children.map(Number).flatMap((child) => [child, ...below(child)]);
}

describe('a server behind its door', () => {
  it('has all its ports in a network of its own', async () => {
    const { pid } = (await start()).process;
    expect(readlinkSync(`/proc/${pid}/ns/net`)).not.toBe(readlinkSync('/proc/self/ns/net'));
    expect(listeningPorts(pid)).toEqual(expect.arrayContaining([7233, 8233]));
  });

  it('is reached by our account alone', async () => {
    const socket = socketOf(await start());
    expect(statSync(path.dirname(socket)).mode & 0o077).toBe(0);
    expect(statSync(path.dirname(socket)).uid).toBe(process.geteuid?.());
  });

  it.runIf(process.geteuid?.() === 0)('turns another account away', async () => {
    const socket = socketOf(await start());
    const connect = (uid: number) =>
      spawnSync('socat', ['-u', '/dev/null', `UNIX-CONNECT:${socket}`], { uid, cwd: '/', encoding: 'utf8' });
    expect(connect(65_534).stderr).toContain('Permission denied');
    expect(connect(0).stderr).toBe('');
  });

  it('serves clients, workers, the Temporal CLI and the UI', async () => {
    const server = await start();
    const client = await openConnection({ address: server.address });
    const worker = await openWorkerConnection({ address: server.address });
    for (const { workflowService } of [client, worker]) {
      const { namespaceInfo } = await workflowService.describeNamespace({ namespace: 'default' });
      expect(namespaceInfo?.name).toBe('default');
    }
    await Promise.all([client.close(), worker.close()]);
    const address = `unix://${socketOf(server)}`;
    const list = ['--address', address, 'operator', 'namespace', 'describe', 'default'];
    expect((await promisify(execFile)(cli.path, list)).stdout).toContain('default');
    const ui = socketPathOf(server.uiUrl) ?? '';
    expect(await statusOf({ socketPath: ui }, '/temporal/api/v1/settings')).toBe(200);
  });

  it('takes more bytes through its door than any buffer holds', async () => {
    const server = await start();
    const client = await openConnection({ address: server.address });
    const worker = await openWorkerConnection({ address: server.address });
    const data = Buffer.alloc(1_500_000, 'x');
    for (const [workflowId, { workflowService }] of [
      ['one', client],
      ['two', worker],
    ] as const) {
      await workflowService.startWorkflowExecution({
        namespace: 'default',
        workflowId,
        requestId: workflowId,
        workflowType: { name: 'nobody' },
        taskQueue: { name: 'nobody' },
        input: { payloads: [{ metadata: { encoding: Buffer.from('binary/plain') }, data }] },
      });
      const { history } = await workflowService.getWorkflowExecutionHistory({
        namespace: 'default',
        execution: { workflowId },
      });
      const input = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input;
      expect(Buffer.from(input?.payloads?.[0]?.data ?? []).equals(data)).toBe(true);
    }
    await Promise.all([client.close(), worker.close()]);
  });

  it('leaves no relay behind when it is killed, and its database free at that moment', async () => {
    const server = await start();
    const connection = await openConnection({ address: server.address });
    const { pid } = server.process;
    const relays = below(pid).map((relay) => identifyProcess(relay));
    expect(relays.length).toBeGreaterThan(2);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isAlive(server.process)).toBe(false);
    expect(relays.filter((relay) => relay !== null && isAlive(relay))).toEqual([]);
    await connection.close();
  });

  it('ends when a relay that it listens through ends, so that it is started again with one', async () => {
    const server = await start();
    for (const relay of below(server.process.pid)) {
      if (nameOf(relay) === 'socat') process.kill(relay, 'SIGKILL');
    }
    await expect.poll(() => isAlive(server.process), { timeout: 10_000 }).toBe(false);
  });

  it('says that the ports of a server on loopback do not count', async () => {
    await start({ port: 17_233 });
    expect(said.join('\n')).toMatch(/temporal\.port and temporal\.ui_port are not used/);
  });
});

describe('a server that can have no network of its own', () => {
  /** Where there is no bubblewrap, as on other systems. */
  const alone = { environment: { ...host.variables, PATH: '/nonexistent' } };

  it('listens on loopback, and says what that means', async () => {
    const server = await start(alone);
    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(said.join('\n')).toMatch(/bubblewrap is not installed.*every account of this machine/);
    const connection = await openConnection({ address: server.address });
    await connection.close();
  });

  it('takes the same ports again when it picked them itself', async () => {
    const first = await start(alone);
    process.kill(first.process.pid, 'SIGKILL');
    expect(await start(alone, folders[0])).toMatchObject({
      address: first.address,
      uiUrl: first.uiUrl,
      adopted: false,
    });
  });

  it('is replaced by one behind a door as soon as there can be one', async () => {
    const first = await start(alone);
    const second = await start({}, folders[0]);
    expect(isAlive(first.process)).toBe(false);
    expect(second.address).toMatch(/^unix:/);
  });

  it('names a taken port', async () => {
    const blocker = createServer();
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, '127.0.0.1', () => {
        const address = blocker.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
    await expect(start({ ...alone, port })).rejects.toThrow(new RegExp(`temporal\\.port: port ${port} `));
    await expect(start({ ...alone, uiPort: port })).rejects.toThrow(
      new RegExp(`temporal\\.ui_port: port ${port} `),
    );
    blocker.close();
  });

  it('answers no web page: its HTTP API refuses every host name that a browser can send', async () => {
    const server = await start(alone);
    const ports = listeningPorts(server.process.pid, true).filter(
      (port) => !server.uiUrl.includes(`:${port}/`),
    );
    expect(ports.length).toBeGreaterThan(1);
    const statuses = await Promise.all(
      ports.map((port) => statusOf({ host: '127.0.0.1', port }, '/api/v1/namespaces')),
    );
    expect(statuses).not.toContain(200);
    expect(statuses).toContain(403);
    expect(await isListening({ host: '127.0.0.1', port: ports[0] ?? 0 })).toBe(true);
  });
});

function statusOf(
  where: { host: string; port: number } | { socketPath: string },
  target: string,
): Promise<number> {
  return new Promise((resolve) => {
    const outgoing = request({ ...where, path: target, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => resolve(0));
    outgoing.end();
  });
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

/** TCP ports that somebody listens on in the network of a process (Linux); or only those of the process itself. */
function listeningPorts(pid: number, ownOnly = false): number[] {
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map((name) => linkTarget(`/proc/${pid}/fd/${name}`)));
  return ['tcp', 'tcp6']
    .flatMap((kind) => readFileSync(`/proc/${pid}/net/${kind}`, 'utf8').split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && (!ownOnly || own.has(`socket:[${fields[9]}]`)))
    .map((fields) => Number.parseInt(fields[1]?.split(':')[1] ?? '', 16));
}

function linkTarget(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
