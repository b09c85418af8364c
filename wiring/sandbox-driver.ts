import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { diskReserve } from './disk-reserve.ts';
import { networkSettings } from './network.ts';
import { inMs } from './retention.ts';
import { createAioDriver } from '../providers/sandbox/aio/driver.ts';
import { createBubblewrapDriver } from '../providers/sandbox/bubblewrap/driver.ts';
import { createDockerDriver } from '../providers/sandbox/docker/driver.ts';
import type { SandboxEnvironment } from '../providers/sandbox/environment.ts';
import { DEFAULT_LIMITS, type SandboxLimits } from '../providers/sandbox/limits.ts';
import type { MaxRunning } from '../providers/sandbox/room/default-running.ts';
import type { SandboxDriver, SandboxSpec } from '../providers/sandbox/sandbox.ts';
import { toLogFields } from '../providers/telemetry/log-keys.ts';
import { createUnsafeLocalDriver } from '../providers/sandbox/unsafe-local.ts';

/** The driver that the settings name; null: none. It says by itself, when probed, whether this host can run it. */
export function sandboxDriver(
  config: Config,
  logger: Logger,
  environmentOf: (spec: SandboxSpec) => Promise<SandboxEnvironment>,
): SandboxDriver | null {
  const { driver: named, uid_base: first, uid_count: count, folder, private_networks } = config.sandbox;
  const limits = sandboxLimits(config);
  const reserve = diskReserve(config);
  const log = (message: string, details: Record<string, string | number> = {}): void => {
    logger.info(toLogFields(details), message);
  };
  const shared = {
    dataFolder: folder ?? config.data_dir,
    environmentOf,
    privateNetworks: private_networks,
    wayOut: networkSettings(config),
    limits,
    maxRunning: maxRunning(config),
    reserveBytes: config.disk.reserve_bytes,
    requireRoom: () => reserve.require('no sandbox can be started'),
    log,
  };

  const byPlatform = process.platform === 'linux' ? 'bubblewrap' : 'docker';
  const driver = named === 'auto' ? byPlatform : named;
  switch (driver) {
    case 'none':
      return null;
    case 'bubblewrap':
      return createBubblewrapDriver({
        ...shared,
        idRange: { first, count },
        packagesUnusedMs: inMs(config.retention.packages_days),
        sizesDisks: config.sandbox.sized_disks,
      });
    case 'docker':
      return createDockerDriver({
        ...shared,
        image: config.sandbox.docker_image,
        host: config.sandbox.docker_host,
        network: config.sandbox.docker_network,
      });
    case 'unsafe_local':
      return createUnsafeLocalDriver({ ...shared, limits });
    case 'aio': {
      const { aio_url: template, aio_pool: pool } = config.sandbox;
      return createAioDriver({
        ...shared,
        urls: template ?? pool,
        get apiKey() {
          return config.sandbox.aio_api_key;
        },
      });
    }
  }
}

/** `aio` takes no notice: its containers run elsewhere, whether they are used or not. */
function maxRunning({ sandbox: { max_running: set } }: Config): MaxRunning {
  if (set === 0) return 'unlimited';
  return set ?? 'by_memory';
}

function sandboxLimits({ sandbox }: Config): SandboxLimits {
  const { limits } = sandbox;
  return {
    processes: limits.processes,
    openFiles: limits.open_files,
    fileBytes: limits.file_bytes,
    dataBytes: limits.process_memory_bytes,
    memoryBytes: limits.memory_bytes,
    diskBytes: limits.workspace_bytes,
    diskFiles: DEFAULT_LIMITS.diskFiles,
    tmpBytes: limits.tmp_bytes,
    shmBytes: limits.shm_bytes,
    cpus: limits.cpus,
    outputCharacters: limits.output_characters,
    outputFileBytes: limits.output_file_bytes,
    idleMs: sandbox.idle_stop_seconds * 1_000,
    browserIdleMs: sandbox.browser_idle_stop_seconds * 1_000,
  };
}
