import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ContainerCreateOptions } from 'dockerode';
import { prepareRuntime } from '../../../providers/sandbox/runtime-files.ts';
import { createContainer, type Container } from './container.ts';
import { createBridge, type BridgeNetwork } from './network.ts';

/**
 * A double of the Docker engine for tests, behind the same HTTP API on a unix socket. What a container's options say is done for real:
 * its process runs under bubblewrap with the mounts, capabilities, user and limits that were asked for, in a network namespace that is
 * joined to bridges as Docker joins it. Only control groups are left out. It needs root.
 */
export interface DockerEngineDouble {
  /** `unix://` address. */
  host: string;
  /** Every container that was ever created, as it was asked for. */
  readonly created: ContainerCreateOptions[];
  /** What `GET /version` and `GET /info` say, and whether the image is there. */
  says: { apiVersion: string; info: object; hasImage: boolean };
  /** What exists now. */
  names(): { containers: string[]; networks: string[]; volumes: string[] };
  /** The addresses of a container, by network. */
  addressesOf(part: 'sandbox' | 'gate', sessionId: string): Record<string, string>;
  /** Ends a container's process, as a crash would. */
  crash(part: 'sandbox' | 'gate', sessionId: string): Promise<void>;
  close(): Promise<void>;
}

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface Inspected {
  NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
}

interface Volume {
  Name: string;
  Labels: Record<string, string>;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const chunk of request) parts.push(chunk as Buffer);
  const text = Buffer.concat(parts).toString();
  return text === '' ? {} : JSON.parse(text);
}

function frame(chunk: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head[0] = 1;
  head.writeUInt32BE(chunk.length, 4);
  return Buffer.concat([head, chunk]);
}

export async function startDockerEngine(): Promise<DockerEngineDouble> {
  const root = mkdtempSync(path.join(tmpdir(), 'docker-engine-'));
  chmodSync(root, 0o755);
  const runtime = prepareRuntime(root, process.execPath);
  const containers = new Map<string, Container>();
  const networks = new Map<string, BridgeNetwork>();
  const volumes = new Map<string, Volume>();
  const created: ContainerCreateOptions[] = [];
  const says = {
    apiVersion: '1.48',
    info: {
      OSType: 'linux',
      MemoryLimit: true,
      PidsLimit: true,
      CpuCfsQuota: true,
      SecurityOptions: ['name=seccomp'],
    },
    hasImage: true,
  };
  const outer = createBridge('bridge', {}, 'outer');
  networks.set('bridge', outer);

  const places = {
    root,
    image: {
      '/opt/sandbox/bin/node': runtime.node,
      '/opt/sandbox/sandboxd': runtime.sandboxd,
      '/opt/sandbox/browser': runtime.browser,
      '/opt/sandbox/code': runtime.code,
      '/opt/sandbox/gate': runtime.gate,
    },
    volume: (name: string) => path.join(root, 'volumes', name),
    network(name: string) {
      const known = networks.get(name);
      if (known === undefined) throw new Refusal(404, `network ${name} not found`);
      return known;
    },
  };
  const containerOf = (name: string): Container => {
    const known = containers.get(name);
    if (known === undefined) throw new Refusal(404, `No such container: ${name}`);
    return known;
  };

  function partOf(part: 'sandbox' | 'gate', sessionId: string): Container {
    const found = [...containers.values()].find(
      ({ name, options }) =>
        options.Labels?.['managed-agent.session'] === sessionId &&
        name.endsWith('-gate') === (part === 'gate'),
    );
    if (found === undefined) throw new Error(`session ${sessionId} has no ${part}`);
    return found;
  }

  /** Names on a network are known to all that are in it. */
  function tellNames(container: Container): void {
    for (const [network, endpoint] of Object.entries(
      container.options.NetworkingConfig?.EndpointsConfig ?? {},
    )) {
      const { Networks } = (container.inspect() as Inspected).NetworkSettings;
      for (const alias of endpoint.Aliases ?? []) {
        for (const other of containers.values()) {
          if (!(network in (other.options.NetworkingConfig?.EndpointsConfig ?? {}))) continue;
          appendFileSync(
            path.join(root, `${other.name}.hosts`),
            `${Networks[network]?.IPAddress} ${alias}\n`,
          );
        }
      }
    }
  }

  function logs(container: Container, query: URLSearchParams, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/vnd.docker.multiplexed-stream' });
    response.flushHeaders();
    if (query.get('tail') !== '0') for (const chunk of container.output) response.write(frame(chunk));
    if (query.get('follow') !== '1' && query.get('follow') !== 'true') {
      response.end();
      return;
    }
    const follower = (chunk: Buffer | null): void => {
      if (chunk === null) response.end();
      else response.write(frame(chunk));
    };
    container.followers.add(follower);
    response.once('close', () => container.followers.delete(follower));
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://engine');
    const [kind = '', name = '', action = ''] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const answer = (status: number, body: object = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const empty = (): void => {
      response.writeHead(204).end();
    };
    switch (`${request.method} ${kind}${action === '' ? '' : ` ${action}`}`) {
      case 'GET version':
        return answer(200, { ApiVersion: says.apiVersion });
      case 'GET info':
        return answer(200, says.info);
      case 'GET images json':
        if (!says.hasImage) throw new Refusal(404, `No such image: ${name}`);
        return answer(200, { Id: name });
      case 'GET volumes': {
        const { label = [] } = JSON.parse(url.searchParams.get('filters') ?? '{}') as { label?: string[] };
        const found = [...volumes.values()].filter(({ Labels }) =>
          label.every((wanted) => {
            const [key = '', value] = wanted.split('=');
            return Labels[key] === value;
          }),
        );
        return answer(200, { Volumes: found, Warnings: [] });
      }
      case 'POST volumes': {
        const volume = (await bodyOf(request)) as Volume;
        volumes.set(volume.Name, volumes.get(volume.Name) ?? volume);
        mkdirSync(places.volume(volume.Name), { recursive: true, mode: 0o755 });
        return answer(201, volume);
      }
      case 'DELETE volumes':
        if (!volumes.delete(name)) throw new Refusal(404, `no such volume: ${name}`);
        rmSync(places.volume(name), { recursive: true, force: true });
        return empty();
      case 'POST networks': {
        const { Name, Labels, Internal } = (await bodyOf(request)) as {
          Name: string;
          Labels: Record<string, string>;
          Internal: boolean;
        };
        if (networks.has(Name)) throw new Refusal(409, `network with name ${Name} already exists`);
        networks.set(Name, createBridge(Name, Labels, Internal ? 'internal' : 'outer'));
        return answer(201, { Id: Name });
      }
      case 'GET networks':
        return answer(200, { Name: name, IPAM: { Config: [{ Subnet: places.network(name).subnet }] } });
      case 'DELETE networks':
        places.network(name).remove();
        networks.delete(name);
        return empty();
      case 'POST containers': {
        const options = (await bodyOf(request)) as ContainerCreateOptions;
        const given = url.searchParams.get('name') ?? '';
        if (containers.has(given)) throw new Refusal(409, `The container name ${given} is already in use`);
        created.push({ ...options, name: given });
        containers.set(given, createContainer(places, given, options));
        return answer(201, { Id: given, Warnings: [] });
      }
      case 'POST containers start': {
        const container = containerOf(name);
        await container.start();
        tellNames(container);
        return empty();
      }
      case 'GET containers json':
        return answer(200, containerOf(name).inspect());
      case 'GET containers logs':
        return logs(containerOf(name), url.searchParams, response);
      case 'DELETE containers': {
        const container = containerOf(name);
        containers.delete(name);
        await container.remove();
        return empty();
      }
      default:
        throw new Refusal(404, `the double does not know ${request.method} ${url.pathname}`);
    }
  }

  const server = createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      const status = error instanceof Refusal ? error.status : 500;
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ message: error instanceof Error ? error.message : 'failed' }));
    });
  });
  const socket = path.join(root, 'engine.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));

  return {
    host: `unix://${socket}`,
    created,
    says,
    names: () => ({
      containers: [...containers.keys()],
      networks: [...networks.keys()].filter((name) => name !== 'bridge'),
      volumes: [...volumes.keys()],
    }),
    addressesOf(part, sessionId) {
      const { NetworkSettings } = partOf(part, sessionId).inspect() as Inspected;
      return Object.fromEntries(
        Object.entries(NetworkSettings.Networks).map(([name, { IPAddress }]) => [name, IPAddress]),
      );
    },
    crash: (part, sessionId) => partOf(part, sessionId).crash(),
    async close() {
      for (const container of containers.values()) await container.remove();
      for (const network of networks.values()) network.remove();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(root, { recursive: true, force: true });
    },
  };
}
