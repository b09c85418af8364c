import { arch } from 'node:os';

import type { Settings } from '../../../sandboxd/settings.ts';
import type { SandboxPackages } from '../environment.ts';
import type { SandboxLimits } from '../limits.ts';
import { packagePaths, PACKAGES, packageVariables } from '../packages/install-script.ts';
import { INSIDE } from './arguments.ts';
import type { Identity } from './identity.ts';
import { AGENT_ID, DESCRIPTORS } from './launch.ts';

export interface InsideRequest {
  boot: string;
  identity: Identity;
  limits: SandboxLimits;
  /** Control groups hold the memory limit. */
  isMemoryBound: boolean;
  hasNetwork: boolean;
  /** The host's Chromium, below /usr, or null. */
  chromium: string | null;
  /** Installed packages to be found by programs. */
  packages: SandboxPackages | undefined;
  /** Its files lie on a file system of their own. */
  isDiskSized: boolean;
  /** What stays free of the disk; null: a share of it. */
  reserveBytes: number | null;
  /** This sandbox installs packages. */
  fillsPackages: boolean;
}

/** Node first: whatever the host has, scripts find one whose `fetch` uses the proxy. */
const SEARCH_PATH = [
  `${INSIDE.home}/.local/bin`,
  '/opt/sandbox/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/local/go/bin',
];

/** Debian's name for the folder of this processor's libraries. */
const LIBRARY_FOLDER = arch() === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

/** What sandboxd is told. */
export function insideSettings(request: InsideRequest): Settings {
  const { identity, limits, packages } = request;
  return {
    boot: request.boot,
    state: INSIDE.state,
    workdir: INSIDE.workdir,
    home: INSIDE.home,
    outputsFolder: INSIDE.keptOutputs,
    outputsPath: INSIDE.toolOutputs,
    outputs: INSIDE.outputs,
    agentFolders: [INSIDE.workdir, INSIDE.home, INSIDE.outputs, ...(request.fillsPackages ? [PACKAGES] : [])],
    agent: identity.kind === 'single' ? null : { uid: AGENT_ID, gid: AGENT_ID },
    claims: INSIDE.claims,
    processes: 'all',
    codeFolder: INSIDE.code,
    browser:
      request.chromium === null
        ? null
        : {
            program: `${INSIDE.browser}/main.cjs`,
            executable: request.chromium,
            idleMs: limits.browserIdleMs,
          },
    uploads: null,
    egressSocket: request.hasNetwork ? `${INSIDE.network}/egress.sock` : null,
    variables: packages === undefined ? {} : packageVariables(packages, LIBRARY_FOLDER),
    path: [...(packages === undefined ? [] : packagePaths(packages)), ...SEARCH_PATH].join(':'),
    idleMs: limits.idleMs,
    outputCharacters: limits.outputCharacters,
    outputFileBytes: limits.outputFileBytes,
    openFiles: limits.openFiles,
    memoryBytes: request.isMemoryBound ? 0 : limits.memoryBytes,
    diskBytes: limits.diskBytes,
    diskFiles: limits.diskFiles,
    isDiskSized: request.isDiskSized,
    reserve: { folder: INSIDE.claims, bytes: request.reserveBytes },
    listen: { fd: DESCRIPTORS.socket },
  };
}
