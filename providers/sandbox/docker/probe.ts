import type Docker from 'dockerode';

import type { SandboxProbe } from '../sandbox.ts';
import { engineReason, refusalStatus } from './engine.ts';

/** The first API of engines that keep their host's own address off an internal network: Docker 28. */
const OLDEST_API = 1.48;

/** What the engine says about the bounds that it holds. */
interface EngineInfo {
  OSType?: string;
  MemoryLimit?: boolean;
  PidsLimit?: boolean;
  CpuCfsQuota?: boolean;
  SecurityOptions?: string[];
}

function boundsOf(info: EngineInfo): string[] {
  const missing = [
    info.MemoryLimit === false ? 'memory' : '',
    info.PidsLimit === false ? 'processes' : '',
    info.CpuCfsQuota === false ? 'CPU' : '',
  ].filter((name) => name !== '');
  const options = (info.SecurityOptions ?? []).join(' ');
  return [
    missing.length === 0
      ? 'Memory, processes and CPU are bounded by the engine (cgroups).'
      : `NOT bounded, since the engine's host cannot: ${missing.join(', ')}.`,
    'The size of the workspace is bounded by a watch inside, which ends commands over the limit.',
    options.includes('seccomp') && !options.includes('unconfined')
      ? "System calls are filtered by the engine's seccomp profile."
      : 'System calls are NOT filtered: the engine runs without a seccomp profile.',
    options.includes('rootless') || options.includes('userns')
      ? 'Root inside is an ordinary user of the host.'
      : "Root inside is the host's root without its rights: set userns-remap, or run the engine rootless, for one more wall.",
  ];
}

/** Asks the engine whether it can run sandboxes. */
export async function probeDocker(engine: Docker, image: string): Promise<SandboxProbe> {
  const limits = [
    'A container per session: read-only root, no capabilities for commands, no new privileges; the kernel is shared with the host.',
    "An internal network per session that holds the sandbox and its gate only; the gate allows what the session's environment allows.",
    'Packages of environments are installed once, into a volume that sessions share and can only read; the image brings their managers.',
  ];
  const refuse = (why: string): SandboxProbe => ({ ok: false, isolation: 'container', limits, why });
  try {
    const [version, info] = await Promise.all([engine.version(), engine.info() as Promise<EngineInfo>]);
    if (info.OSType !== undefined && info.OSType !== 'linux') {
      return refuse(`The Docker engine runs ${info.OSType} containers; sandboxes need linux ones.`);
    }
    if (!(Number(version.ApiVersion) >= OLDEST_API)) {
      return refuse(
        `The Docker engine speaks API ${version.ApiVersion}; ${OLDEST_API} (Docker 28) or later is needed, which can keep sandboxes away from its host.`,
      );
    }
    limits.push(...boundsOf(info));
    await engine.getImage(image).inspect();
  } catch (error) {
    if (refusalStatus(error) === 404) {
      return refuse(
        `The Docker engine has no image ${image}. Build it: docker build -f sandboxd/Dockerfile -t ${image} .`,
      );
    }
    return refuse(`The Docker engine cannot be used: ${engineReason(error)}`);
  }
  return { ok: true, isolation: 'container', limits };
}
