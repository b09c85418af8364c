import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import type { ContainerCreateOptions } from 'dockerode';
import { createNamespace, type BridgeNetwork, type Namespace } from './network.ts';

/** Where the double keeps what, and what its one image holds. */
export interface ContainerPlaces {
  root: string;
  /** Host folders of the image, by where they are inside. */
  image: Record<string, string>;
  volume(name: string): string;
  network(name: string): BridgeNetwork;
}

/** A container of the double: the process that its options describe, under bubblewrap, in a network namespace of its own. */
export interface Container {
  readonly name: string;
  readonly options: ContainerCreateOptions;
  readonly isRunning: boolean;
  readonly output: Buffer[];
  /** Called with each piece of output from now on. */
  readonly followers: Set<(chunk: Buffer | null) => void>;
  start(): Promise<void>;
  inspect(): object;
  /** Ends its process. */
  crash(): Promise<void>;
  remove(): Promise<void>;
}

const PARENTS = ['/etc', '/home', '/mnt', '/mnt/session', '/opt', '/opt/sandbox', '/opt/sandbox/bin', '/run'];
const LINKED = ['bin', 'sbin', 'lib', 'lib64'];

function systemWords(hosts: string): string[] {
  const words = ['--ro-bind', '/usr', '/usr'];
  // Parents that bwrap makes by itself are closed to other users.
  for (const folder of PARENTS) words.push('--perms', '0755', '--dir', folder);
  for (const name of LINKED) {
    const folder = `/${name}`;
    if (!existsSync(folder)) continue;
    try {
      words.push('--symlink', readlinkSync(folder), folder);
    } catch {
      words.push('--ro-bind', folder, folder);
    }
  }
  for (const name of ['alternatives', 'ssl', 'ld.so.cache', 'fonts', 'chromium.d'])
    words.push('--ro-bind-try', `/etc/${name}`, `/etc/${name}`);
  words.push('--ro-bind', hosts, '/etc/hosts', '--proc', '/proc', '--dev', '/dev');
  words.push('--symlink', '/mnt/session/uploads', '/uploads');
  words.push('--symlink', '/run/sandboxd/outputs', '/mnt/session/tool-outputs');
  words.push('--dir', '/run/claims');
  return words;
}

export function createContainer(
  places: ContainerPlaces,
  name: string,
  options: ContainerCreateOptions,
): Container {
  const host = options.HostConfig ?? {};
  const hosts = path.join(places.root, `${name}.hosts`);
  writeFileSync(hosts, '127.0.0.1 localhost\n');
  let child: ChildProcess | undefined;
  let namespace: Namespace | undefined;
  const published: { server: Server; port: string }[] = [];
  const output: Buffer[] = [];
  const followers = new Set<(chunk: Buffer | null) => void>();
  const endpoints = options.NetworkingConfig?.EndpointsConfig ?? {};
  const networks = Object.keys(endpoints);

  /** The same words that the real engine would turn into namespaces, mounts and capabilities. */
  function words(): string[] {
    const list = systemWords(hosts);
    for (const [inside, folder] of Object.entries(places.image)) list.push('--ro-bind', folder, inside);
    for (const mount of host.Mounts ?? [])
      list.push(
        mount.ReadOnly === true ? '--ro-bind' : '--bind',
        places.volume(mount.Source ?? ''),
        mount.Target,
      );
    for (const [folder, settings] of Object.entries((host.Tmpfs ?? {}) as Record<string, string>)) {
      const size = /size=(\d+)/.exec(settings)?.[1] ?? '67108864';
      list.push('--size', size, '--perms', '1777', '--tmpfs', folder);
    }
    list.push('--size', String(host.ShmSize ?? 67_108_864), '--perms', '1777', '--tmpfs', '/dev/shm');
    if (host.ReadonlyRootfs === true) list.push('--remount-ro', '/dev', '--remount-ro', '/');
    list.push('--unshare-pid', '--unshare-ipc', '--unshare-uts', '--hostname', options.Hostname ?? 'box');
    list.push('--as-pid-1', '--die-with-parent', '--new-session', '--clearenv');
    list.push('--setenv', 'PATH', '/usr/local/bin:/usr/bin:/bin');
    for (const entry of options.Env ?? []) {
      const [variable = '', ...value] = entry.split('=');
      list.push('--setenv', variable, value.join('='));
    }
    if ((host.CapDrop ?? []).includes('ALL')) list.push('--cap-drop', 'ALL');
    for (const capability of host.CapAdd ?? []) list.push('--cap-add', `CAP_${String(capability)}`);
    const [uid = '0', gid = '0'] = (options.User ?? '0:0').split(':');
    // Only root may change its user after all capabilities are gone.
    if (uid !== '0') list.push('--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID');
    list.push('--chdir', options.WorkingDir ?? '/', '--');
    if (uid !== '0')
      list.push('setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--inh-caps=-all', '--');
    const bounds = (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => `--${Name}=${Soft}:${Hard}`);
    if (bounds.length > 0) list.push('prlimit', ...bounds, '--');
    return [...list, ...[options.Entrypoint ?? []].flat(), ...(options.Cmd ?? [])];
  }

  async function end(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    // Its first process inside as well: one that changed its user does not end with its parent.
    const inside = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
    for (const pid of inside === '' ? [] : inside.split(' ')) process.kill(Number(pid), 'SIGKILL');
    child.kill('SIGKILL');
    await ended;
  }

  async function publish(): Promise<void> {
    for (const [port, bindings] of Object.entries((host.PortBindings ?? {}) as Record<string, unknown[]>)) {
      if (bindings.length === 0) continue;
      const target = { host: namespace?.addresses[networks[0] ?? ''] ?? '', port: Number.parseInt(port, 10) };
      const server = createServer((client) => {
        const upstream = connect(target);
        client.on('error', () => upstream.destroy()).pipe(upstream);
        upstream.on('error', () => client.destroy()).pipe(client);
        client.once('close', () => upstream.destroy());
        upstream.once('close', () => client.destroy());
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      published.push({ server, port });
    }
  }

  return {
    name,
    options,
    output,
    followers,
    get isRunning() {
      return child !== undefined && child.exitCode === null && child.signalCode === null;
    },
    async start() {
      for (const mount of host.Mounts ?? []) {
        const folder = places.volume(mount.Source ?? '');
        if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o755 });
        statSync(folder);
      }
      namespace = createNamespace(
        Object.entries(endpoints).map(([network, { IPAMConfig }]) => ({
          network: places.network(network),
          ...(IPAMConfig?.IPv4Address === undefined ? {} : { asked: IPAMConfig.IPv4Address }),
        })),
      );
      child = spawn('nsenter', [`--net=${namespace.path}`, '--', 'bwrap', ...words()], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env['PATH'] },
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (chunk: Buffer) => {
          output.push(chunk);
          for (const follower of followers) follower(chunk);
        });
      }
      child.once('exit', () => {
        for (const follower of followers) follower(null);
      });
      await once(child, 'spawn');
      await publish();
    },
    inspect: () => ({
      Id: name,
      Name: `/${name}`,
      Config: { User: options.User, Env: options.Env, Labels: options.Labels },
      HostConfig: host,
      State: { Running: child !== undefined && child.exitCode === null && child.signalCode === null },
      NetworkSettings: {
        Networks: Object.fromEntries(
          networks.map((network) => [network, { IPAddress: namespace?.addresses[network] ?? '' }]),
        ),
        Ports: Object.fromEntries(
          published.map(({ server, port }) => [
            port,
            [{ HostIp: '127.0.0.1', HostPort: String((server.address() as AddressInfo).port) }],
          ]),
        ),
      },
    }),
    crash: end,
    async remove() {
      for (const { server } of published) server.close();
      await end();
      for (const follower of followers) follower(null);
      namespace?.remove();
    },
  };
}
