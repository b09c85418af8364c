import type { ContainerCreateOptions, MountSettings, VolumeCreateOptions } from 'dockerode';

import type { Settings } from '../../../sandboxd/settings.ts';
import type { NetworkSettings } from '../../network/proxy-route.ts';
import { INSIDE } from '../bubblewrap/arguments.ts';
import type { SandboxLimits } from '../limits.ts';
import { PACKAGES } from '../packages/install-script.ts';
import { sandboxdLoop } from '../sandboxd-loop.ts';
import type { GateSettings } from './gate/main.ts';
import { WAY_OUT_VARIABLE } from './gate/way-out-variable.ts';
import { LABELS } from './labels.ts';
import type { PackagesMount } from './packages.ts';
import type { SessionNetwork } from './session-network.ts';

/** Ports inside. */
export const PORTS = { sandboxd: 7070, proxy: 3128, entry: 8443 } as const;
export const TOKEN_FILE = `${INSIDE.state}/token`;

/** What belongs to a session, by name. */
export interface Names {
  sandbox: string;
  gate: string;
  network: string;
  /** Volumes by what they hold. */
  volumes: { folder: string; name: string }[];
  labels: Record<string, string>;
}

const KEPT = {
  workspace: INSIDE.workdir,
  home: INSIDE.home,
  outputs: INSIDE.outputs,
  uploads: INSIDE.uploads,
  state: INSIDE.state,
};

/** @param short - stands for the session in names. */
export function namesOf(instance: string, sessionId: string, short: string): Names {
  const base = `managed-agent-${instance}-${short}`;
  return {
    sandbox: base,
    gate: `${base}-gate`,
    network: `${base}-network`,
    volumes: Object.entries(KEPT).map(([kind, folder]) => ({ folder, name: `${base}-${kind}` })),
    labels: { [LABELS.instance]: instance, [LABELS.session]: sessionId },
  };
}

export function volumeOptions(names: Names): VolumeCreateOptions[] {
  return names.volumes.map(({ name }) => ({ Name: name, Labels: names.labels }));
}

/** What sandboxd needs to act as the agent, end its processes, hand folders over to it, and measure closed ones. Commands have none of it. */
const KEEPER_CAPABILITIES = ['SETUID', 'SETGID', 'KILL', 'CHOWN', 'DAC_OVERRIDE'];

/** Process number 1: it keeps the token where the agent can't read it, and keeps sandboxd running. */
const INIT_SCRIPT = `umask 077
printf %s "$SANDBOXD_TOKEN" >${TOKEN_FILE} || exit 1
unset SANDBOXD_TOKEN
umask 022
${sandboxdLoop(INSIDE)}`;

const LOG = { Type: 'json-file', Config: { 'max-size': '5m', 'max-file': '2' } };

const HARDENED = {
  CapDrop: ['ALL'],
  ReadonlyRootfs: true,
  SecurityOpt: ['no-new-privileges:true'],
  LogConfig: LOG,
  RestartPolicy: { Name: 'no' },
};

function mount(volume: string, folder: string, isReadOnly: boolean): MountSettings {
  return { Type: 'volume', Source: volume, Target: folder, ReadOnly: isReadOnly };
}

/** A place in the session's network, known before it is taken, so that both containers can be made at once. */
function at(address: string): { IPAMConfig: { IPv4Address: string } } {
  return { IPAMConfig: { IPv4Address: address } };
}

export interface SandboxContainer {
  names: Names;
  network: SessionNetwork;
  image: string;
  limits: SandboxLimits;
  settings: Settings;
  packages: PackagesMount | null;
  token: string;
}

export function sandboxOptions(request: SandboxContainer): ContainerCreateOptions {
  const { names, network, image, limits, settings, packages, token } = request;
  return {
    name: names.sandbox,
    Image: image,
    Labels: names.labels,
    Hostname: 'sandbox',
    User: '0:0',
    WorkingDir: '/',
    // Readable by this process and its like only: commands run as another user, with an environment of their own.
    Env: [`SANDBOXD_TOKEN=${token}`],
    Entrypoint: ['/bin/sh', '-c', INIT_SCRIPT, 'init'],
    Cmd: [JSON.stringify(settings)],
    HostConfig: {
      ...HARDENED,
      CapAdd: KEEPER_CAPABILITIES,
      NetworkMode: names.network,
      Mounts: [
        ...names.volumes.map(({ folder, name }) => mount(name, folder, false)),
        ...(packages === null ? [] : [mount(packages.volume, PACKAGES, packages.use === 'read')]),
      ],
      Tmpfs: { '/tmp': `rw,nosuid,nodev,mode=1777,size=${limits.tmpBytes}` },
      ShmSize: limits.shmBytes,
      Memory: limits.memoryBytes,
      // As much swap as memory means: none besides.
      MemorySwap: limits.memoryBytes,
      NanoCpus: Math.round(limits.cpus * 1e9),
      PidsLimit: limits.processes,
      Ulimits: [
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'nofile', Soft: limits.openFiles, Hard: limits.openFiles },
        { Name: 'fsize', Soft: limits.fileBytes, Hard: limits.fileBytes },
        { Name: 'data', Soft: limits.dataBytes, Hard: limits.dataBytes },
      ],
    },
    NetworkingConfig: { EndpointsConfig: { [names.network]: at(network.sandbox) } },
  };
}

/**
 * @param outer - the network through which the gate reaches the world, and is reached.
 * @param isPublished - whether the way in is a port on the engine's loopback; else it is the gate's address on `outer`.
 */
export function gateOptions(
  names: Names,
  network: SessionNetwork,
  image: string,
  { settings, wayOut }: { settings: GateSettings; wayOut: NetworkSettings },
  outer: string,
  isPublished: boolean,
): ContainerCreateOptions {
  const port = `${PORTS.entry}/tcp`;
  return {
    name: names.gate,
    Image: image,
    Labels: names.labels,
    Hostname: 'gate',
    User: '65534:65534',
    WorkingDir: '/',
    Entrypoint: [INSIDE.node, '/opt/sandbox/gate/main.cjs'],
    Cmd: [JSON.stringify(settings)],
    Env: [`${WAY_OUT_VARIABLE}=${JSON.stringify(wayOut)}`],
    ExposedPorts: { [port]: {} },
    HostConfig: {
      ...HARDENED,
      NetworkMode: outer,
      PortBindings: isPublished ? { [port]: [{ HostIp: '127.0.0.1', HostPort: '' }] } : {},
      Memory: 256 * 1024 * 1024,
      PidsLimit: 64,
    },
    NetworkingConfig: { EndpointsConfig: { [outer]: {}, [names.network]: at(network.gate) } },
  };
}
