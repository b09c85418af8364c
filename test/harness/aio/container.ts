import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const GEM = 1000;
const FOLDERS = ['home/gem', 'workspace', 'mnt/session', 'opt/packages', 'tmp'];

/** As whoever runs containers behind a proxy gives them. */
const CERTIFICATES = Object.fromEntries(
  ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'PIP_CERT'].map((name) => [
    name,
    '/etc/ssl/certs/ca-certificates.crt',
  ]),
);

/** One container of the double: namespaces with a user `gem`, into which the server sends its commands. */
export interface AioContainer {
  /** Starts a command as `gem`; killed with its whole process group. */
  run(words: readonly string[], options: { cwd?: string; env?: Record<string, string> }): ChildProcess;
  /** Runs a command with input, and gives its output. */
  pipe(words: readonly string[], input?: Buffer): Promise<{ code: number; stdout: Buffer; stderr: string }>;
  close(): Promise<void>;
}

export async function startAioContainer(network: 'none' | 'host'): Promise<AioContainer> {
  const root = mkdtempSync(path.join(tmpdir(), 'aio-container-'));
  const words = [
    '--ro-bind',
    '/usr',
    '/usr',
    '--perms',
    '0755',
    '--dir',
    '/etc',
    '--perms',
    '0755',
    '--dir',
    '/home',
    '--perms',
    '0755',
    '--dir',
    '/mnt',
  ];
  for (const folder of ['/opt', '/opt/node', '/opt/node/bin']) words.push('--perms', '0755', '--dir', folder);
  words.push('--ro-bind', process.execPath, '/opt/node/bin/node');
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    if (existsSync(`/${name}`)) words.push('--symlink', readlinkSync(`/${name}`), `/${name}`);
  }
  for (const name of ['alternatives', 'ssl', 'ld.so.cache'])
    words.push('--ro-bind-try', `/etc/${name}`, `/etc/${name}`);
  for (const folder of FOLDERS) {
    mkdirSync(path.join(root, folder), { recursive: true });
    chownSync(path.join(root, folder), GEM, GEM);
    words.push('--bind', path.join(root, folder), `/${folder}`);
  }
  words.push('--symlink', '/mnt/session/uploads', '/uploads', '--proc', '/proc', '--dev', '/dev');
  if (network === 'host') {
    for (const name of ['resolv.conf', 'hosts', 'nsswitch.conf'])
      words.push('--ro-bind-try', `/etc/${name}`, `/etc/${name}`);
  } else words.push('--unshare-net');
  words.push('--unshare-pid', '--unshare-ipc', '--as-pid-1', '--', 'sleep', 'infinity');
  const holder = spawn('bwrap', words, { stdio: 'ignore', env: { PATH: '/usr/bin:/bin' } });
  await once(holder, 'spawn');
  let first = '';
  while (first === '' || !readFileSync(`/proc/${first}/cmdline`, 'utf8').startsWith('sleep')) {
    await delay(5);
    first = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim();
  }
  const spaces = network === 'host' ? [] : ['--net'];
  const enter = [`--target=${first}`, '--mount', '--pid', ...spaces, '--ipc', '--'];
  const asGem = ['setpriv', `--reuid=${GEM}`, `--regid=${GEM}`, '--clear-groups', '--'];

  function run(
    command: readonly string[],
    { cwd = '/home/gem', env = {} }: { cwd?: string; env?: Record<string, string> },
  ): ChildProcess {
    const inFolder = ['env', '-C', cwd];
    return spawn('nsenter', [...enter, ...asGem, ...inFolder, ...command], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: '/opt/node/bin:/usr/local/bin:/usr/bin:/bin',
        HOME: '/home/gem',
        LANG: 'C.UTF-8',
        ...CERTIFICATES,
        ...env,
      },
    });
  }

  return {
    run,
    async pipe(command, input = Buffer.alloc(0)) {
      const child = run(command, {});
      const stdout: Buffer[] = [];
      let stderr = '';
      child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
      child.stderr?.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
      const [code] = (await once(child, 'close')) as [number | null];
      return { code: code ?? -1, stdout: Buffer.concat(stdout), stderr };
    },
    async close() {
      process.kill(Number(first), 'SIGKILL');
      if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
      rmSync(root, { recursive: true, force: true });
    },
  };
}
