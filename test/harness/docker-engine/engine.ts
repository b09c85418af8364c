import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ContainerCreateOptions, NetworkCreateOptions } from 'dockerode';
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
  /** What `GET /version` and `GET /info` say, and how many networks get a subnet without asking for one. */
  says: { apiVersion: string; info: object; subnets: number };
  close(): Promise<void>;
}

/** The one image that it has. */
const IMAGE = 'sandbox';

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

/** Whether the labels are as the query's filters want them. */
function hasLabels(labels: Record<string, string>, url: URL): boolean {
  const { label = [] } = JSON.parse(url.searchParams.get('filters') ?? '{}') as { label?: string[] };
  return label.every((wanted) => {
    const [key = '', value] = wanted.split('=');
    return value === undefined ? key in labels : labels[key] === value;
  });
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
  const says = {
    apiVersion: '1.48',
    info: {
      OSType: 'linux',
      MemoryLimit: true,
      PidsLimit: true,
      CpuCfsQuota: true,
      SecurityOptions: ['name=seccomp'],
    },
    // Docker's own pools, less that of its default network.
    subnets: 30,
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
        if (name !== IMAGE) throw new Refusal(404, `No such image: ${name}`);
        return answer(200, { Id: name });
      case 'GET volumes': {
        const known = volumes.get(name);
        if (name !== '' && known === undefined) throw new Refusal(404, `get ${name}: no such volume`);
        if (known !== undefined) return answer(200, known);
        const found = [...volumes.values()].filter(({ Labels }) => hasLabels(Labels, url));
        return answer(200, { Volumes: found, Warnings: [] });
      }
      case 'POST volumes': {
        const asked = (await bodyOf(request)) as Volume;
        // One that is there already keeps its labels.
        const volume = volumes.get(asked.Name) ?? asked;
        volumes.set(volume.Name, volume);
        mkdirSync(places.volume(volume.Name), { recursive: true, mode: 0o755 });
        return answer(201, volume);
      }
      case 'DELETE volumes':
        if (!volumes.has(name)) throw new Refusal(404, `get ${name}: no such volume`);
        for (const { options, name: user } of containers.values())
          if (options.HostConfig?.Mounts?.some(({ Source }) => Source === name) === true)
            throw new Refusal(409, `remove ${name}: volume is in use - [${user}]`);
        volumes.delete(name);
        rmSync(places.volume(name), { recursive: true, force: true });
        return empty();
      case 'POST networks': {
        const { Name, Labels, Internal, IPAM } = (await bodyOf(request)) as NetworkCreateOptions;
        if (networks.has(Name)) throw new Refusal(409, `network with name ${Name} already exists`);
        const asked = IPAM?.Config?.[0]?.Subnet;
        if (asked === undefined && networks.size > says.subnets)
          throw new Refusal(400, 'all predefined address pools have been fully subnetted');
        if (asked !== undefined && [...networks.values()].some(({ subnet }) => subnet === asked))
          throw new Refusal(403, 'invalid pool request: Pool overlaps with other one on this address space');
        networks.set(Name, createBridge(Name, Labels ?? {}, Internal === true ? 'internal' : 'outer', asked));
        return answer(201, { Id: Name });
      }
      case 'GET networks': {
        if (name === '') {
          const found = [...networks.values()].filter(({ labels }) => hasLabels(labels, url));
          return answer(
            200,
            found.map(({ name: Name, labels: Labels }) => ({ Name, Labels })),
          );
        }
        const { subnet: Subnet, gateway: Gateway } = places.network(name);
        return answer(200, {
          Name: name,
          IPAM: { Config: [{ Subnet, ...(Gateway === null ? {} : { Gateway }) }] },
        });
      }
      case 'DELETE networks':
        places.network(name).remove();
        networks.delete(name);
        return empty();
      case 'POST containers': {
        const options = (await bodyOf(request)) as ContainerCreateOptions;
        const given = url.searchParams.get('name') ?? '';
        if (containers.has(given)) throw new Refusal(409, `The container name ${given} is already in use`);
        containers.set(given, createContainer(places, given, options));
        return answer(201, { Id: given, Warnings: [] });
      }
      case 'POST containers start': {
        const container = containerOf(name);
        await container.start();
        tellNames(container);
        return empty();
      }
      case 'POST containers kill':
        await containerOf(name).crash();
        return empty();
      case 'GET containers': {
        const found = [...containers.values()].filter(({ options }) => hasLabels(options.Labels ?? {}, url));
        return answer(
          200,
          found.map(({ name: Id, options }) => ({ Id, Names: [`/${Id}`], Labels: options.Labels })),
        );
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
    says,
    async close() {
      for (const container of containers.values()) await container.remove();
      for (const network of networks.values()) network.remove();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(root, { recursive: true, force: true });
    },
  };
}
