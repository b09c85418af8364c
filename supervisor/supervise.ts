import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config, HostEnvironment } from '../config.ts';
import { catchesSignal } from '../providers/host/catches-signal.ts';
import { rotateLog } from '../providers/host/log-file.ts';
import { isStopped } from '../providers/host/process-identity.ts';
import { endPostgres, startPostgres } from '../providers/postgres-server/start-postgres.ts';
import { findTemporalCli } from '../providers/temporal-server/find-cli.ts';
import { endTemporal, startTemporal } from '../providers/temporal-server/start-temporal.ts';
import { choosePort } from './choose-port.ts';
import { lockDataFolder } from './data-folder-lock.ts';
import { entryPart } from './entry-part.ts';
import { keepRunning, type KeptPart } from './keep-running.ts';
import type { Part } from './part.ts';
import { readRunFile, writeRunFile, type RunFile } from './run-file.ts';

const ROTATE_EVERY_MS = 10_000;
const READY_TIMEOUT_MS = 120_000;

export interface SuperviseOptions {
  config: Config;
  host: HostEnvironment;
  /** Folder of the checkout, where the entries lie. */
  root: string;
  /** Programs of the two parts, relative to `root`. */
  entries?: { api: string; worker: string };
  /** Gets a sentence for each thing a person should know. */
  say: (line: string) => void;
  /** Gives the start up. */
  signal?: AbortSignal;
}

/** The running service. */
export interface SupervisedService {
  urls: RunFile['urls'];
  /** Resolves when `/status` says that messages run. Rejects after two minutes. */
  ready(): Promise<void>;
  /** Lets api and worker read their settings anew. One that has just been started does so anyway. */
  reload(): void;
  /** Stops all parts in reverse order, and the sandboxes with their worker, and gives the data folder back. */
  stop(): Promise<void>;
}

/**
 * Runs the embedded service: PostgreSQL, Temporal, api and worker, in this order, each restarted at once when it dies. What a killed
 * supervisor left running is adopted while it is healthy. Rejects with the reason of `signal` when that aborts meanwhile, and then, as
 * after {@link SupervisedService.stop}, nothing of the service runs on this machine.
 */
export async function supervise(options: SuperviseOptions): Promise<SupervisedService> {
  const { config, host, root, say, entries = { api: 'server.ts', worker: 'worker.ts' } } = options;
  const { signal = new AbortController().signal } = options;
  const { data_dir: dataDir } = config;
  const unlock = lockDataFolder(dataDir);
  const log = (name: string): string => path.join(dataDir, 'logs', `${name}.log`);
  const apiPort = await choosePort(config.api, readRunFile(dataDir), say).catch((error: unknown) => {
    unlock();
    throw error;
  });
  const localUrl = `http://${hostForUrl(config.api.host)}:${apiPort}`;
  const urls: RunFile['urls'] = {
    api: config.api.public_url ?? localUrl,
    temporal: config.temporal.address ?? '',
    temporal_ui: config.temporal.ui_url === null ? null : `${config.api.public_url ?? localUrl}/temporal`,
  };
  let uiUrl = config.temporal.ui_url;
  let storeUrl = config.store.url ?? '';
  const kept: KeptPart[] = [];

  const settings = (): Record<string, string> => ({
    MANAGED_AGENT_DATA_DIR: dataDir,
    MANAGED_AGENT_API_PORT: String(apiPort),
    // Its sandboxes are those that are ended with it, so they lie nowhere else.
    MANAGED_AGENT_SANDBOX_FOLDER: config.sandbox.folder ?? dataDir,
    MANAGED_AGENT_STORE_URL: storeUrl,
    MANAGED_AGENT_TEMPORAL_ADDRESS: urls.temporal,
    ...(config.temporal.address === null ? { MANAGED_AGENT_TEMPORAL_MANAGED: 'true' } : {}),
    ...(uiUrl === null ? {} : { MANAGED_AGENT_TEMPORAL_UI_URL: uiUrl }),
    // Whoever stops the whole service does not wait for a balancer, unless the settings say so.
    ...(config.api.unready_seconds === null ? { MANAGED_AGENT_API_UNREADY_SECONDS: '0' } : {}),
  });

  const note = (): void => {
    const pids: RunFile['pids'] = { supervisor: process.pid };
    for (const part of kept) {
      const running = part.current();
      if (running) pids[part.name] = running.process.pid;
    }
    writeRunFile(dataDir, { urls, api_port: apiPort, pids });
  };

  const parts: Part[] = [];
  if (config.store.url === null) {
    parts.push({
      name: 'postgres',
      async start(stopped) {
        const given = { dataDir, logFile: log('postgres'), ...host, say, signal: stopped };
        const server = await startPostgres(given);
        storeUrl = server.url;
        return server;
      },
      endLeft: () => endPostgres(dataDir),
    });
  }
  if (config.temporal.address === null) {
    parts.push({
      name: 'temporal',
      async start(stopped) {
        const server = await startTemporal({
          cli: await findTemporalCli(host),
          dataDir,
          logFile: log('temporal'),
          runtimeDir: host.runtimeDir,
          tempDir: host.tempDir,
          port: config.temporal.port,
          uiPort: config.temporal.ui_port,
          namespace: config.temporal.namespace,
          retentionDays: config.retention.temporal_days,
          environment: host.variables,
          say,
          signal: stopped,
        });
        urls.temporal = server.address;
        uiUrl = server.uiUrl;
        urls.temporal_ui = `${urls.api}/temporal`;
        return server;
      },
      endLeft: () => endTemporal(dataDir),
    });
  }
  const configArguments = config.file === null ? [] : ['--config', config.file];
  for (const name of ['api', 'worker'] as const) {
    parts.push(
      entryPart({
        name,
        command: [
          process.execPath,
          '--disable-warning=ExperimentalWarning',
          // From the first moment, SIGHUP ends nothing.
          '--import',
          fileURLToPath(new URL('../wiring/hang-ups.ts', import.meta.url)),
          entries[name],
          ...configArguments,
        ],
        folder: root,
        dataDir,
        say,
        // Compiled code is kept, so that a part that is started again after a crash is there sooner.
        inherited: {
          NODE_COMPILE_CACHE: path.join(dataDir, 'cache', 'compiled'),
          ...(name === 'api' ? withoutModelKeys(host.variables) : host.variables),
        },
        settings,
        healthy: (running) =>
          name === 'api' ? answers(`${localUrl}/healthz`) : Promise.resolve(!isStopped(running.pid)),
        drainMs:
          10_000 +
          1_000 *
            (name === 'api'
              ? (config.api.unready_seconds ?? 0) + config.api.drain_seconds
              : config.worker.drain_seconds),
      }),
    );
  }

  /** Ends everything of the service on this machine, in reverse order; what fails to end keeps nothing else running. */
  const end = async (): Promise<void> => {
    for (const part of parts.toReversed()) {
      const own = kept.find(({ name }) => name === part.name);
      await attempt(`${part.name} could not be stopped`, own ? own.stop() : part.endLeft());
      // After the worker, which may be waiting for a command, and would start sandboxes again.
      if (part.name === 'worker') await attempt('the sandboxes could not be ended', endAllSandboxes(config));
    }
  };
  const attempt = async (problem: string, work: Promise<void>): Promise<void> => {
    await work.catch((error: unknown) =>
      say(`${problem}: ${error instanceof Error ? error.message : String(error)}`),
    );
  };

  try {
    for (const part of parts) {
      signal.throwIfAborted();
      kept.push(await keepRunning(part, say, note, signal));
      note();
    }
  } catch (error) {
    if (signal.aborted) await end();
    else
      for (const part of kept.toReversed()) await attempt(`${part.name} could not be stopped`, part.stop());
    unlock();
    throw error;
  }

  const rotation = { maxBytes: config.log.max_file_bytes, maxFiles: config.log.max_files };
  const rotating = setInterval(() => {
    try {
      for (const { name } of parts) rotateLog(log(name), rotation);
    } catch (error) {
      // As on a full disk. Nobody may lose their supervisor for it.
      say(`logs could not be rotated: ${error instanceof Error ? error.message : String(error)}`);
    }
  }, ROTATE_EVERY_MS);

  return {
    urls,
    async ready() {
      const end = performance.now() + READY_TIMEOUT_MS;
      while (!(await messagesRun(localUrl))) {
        if (performance.now() > end) {
          throw new Error(
            `The parts that messages need do not all work yet (${localUrl}/status); see ${path.join(dataDir, 'logs')}`,
          );
        }
        await delay(100);
      }
    },
    reload() {
      for (const part of kept) {
        const pid = part.current()?.process.pid;
        if (pid === undefined || (part.name !== 'api' && part.name !== 'worker')) continue;
        try {
          if (catchesSignal(pid, 'SIGHUP')) process.kill(pid, 'SIGHUP');
        } catch {
          // It has just ended, and is started again with the settings of now.
        }
      }
    },
    async stop() {
      clearInterval(rotating);
      await end();
      unlock();
    },
  };
}

/** What it takes is loaded only now, since it is much, and mostly for nothing. */
async function endAllSandboxes(config: Config): Promise<void> {
  const { endSandboxes } = await import('../wiring/end-sandboxes.ts');
  await endSandboxes(config);
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(3_000) })).ok;
  } catch {
    return false;
  }
}

/** Whether messages would be worked on now. Tools may be off: then the model is told so. */
async function messagesRun(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/status`, { signal: AbortSignal.timeout(3_000) });
    // An api of an earlier version, which this supervisor found running.
    if (answer.status === 404) return await answers(`${url}/readyz`);
    const { parts } = (await answer.json()) as { parts?: Record<string, { state: string } | undefined> };
    return ['database', 'temporal', 'brains'].every((name) => {
      const state = parts?.[name]?.state;
      return state !== undefined && state !== 'down';
    });
  } catch {
    return false;
  }
}

/** Keys of model providers are for brain workers only. */
function withoutModelKeys(variables: HostEnvironment['variables']): HostEnvironment['variables'] {
  const isModelKey = /^(ANTHROPIC|OPENAI|GEMINI)_API_KEY$|^MANAGED_AGENT_PROVIDERS_[A-Z]+_API_KEY$/;
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !isModelKey.test(name)));
}

function hostForUrl(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
