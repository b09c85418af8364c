import type { Logger } from 'pino';
import type { OutputCollector } from '../activities/upkeep/output-collector.ts';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import type { Config } from '../config.ts';
import { AppError } from '../core/errors.ts';
import type { AgentTools } from '../core/session/permission.ts';
import type { SandboxEnvironment } from '../providers/sandbox/environment.ts';
import type { AttachedFile, SandboxDriver, SandboxSpec } from '../providers/sandbox/sandbox.ts';
import { watchProbe, type HostProbe } from '../providers/sandbox/watch-probe.ts';
import { createPatientToolRunner } from '../tools/patient-tool-runner.ts';
import type { RepositoryPlacer } from '../tools/place-repositories.ts';
import type { RepositorySkills } from '../tools/repository-skills.ts';
import { createSandboxToolRunner } from '../tools/sandbox-tool-runner.ts';
import { createToolRegistry } from '../tools/registry.ts';
import type { ToolRunner } from '../tools/tool-runner.ts';
import type { HostTool } from '../tools/tool.ts';
import { sandboxDriver } from './sandbox-driver.ts';

/** The hands of a worker: its tools, and the sandboxes they run in. */
export interface OpenTools extends Pick<ActivityDependencies, 'runner'> {
  driver: SandboxDriver | null;
  /** What the sandboxes of this host are found to be; null without sandboxes. */
  host: HostProbe | null;
  close(): Promise<void>;
}

/** Makes the tools that the settings ask for. Sandboxes start at the first call that needs one. */
export function openTools(
  config: Config,
  log: Logger,
  sources: {
    environmentOf(spec: SandboxSpec): Promise<SandboxEnvironment>;
    attachmentsOf(spec: SandboxSpec): Promise<AttachedFile[]>;
    collectorOf(driver: SandboxDriver): OutputCollector;
    webToolsOf(driver: SandboxDriver): HostTool[];
    toolsOf(spec: SandboxSpec): Promise<AgentTools>;
    repositories(): RepositoryPlacer;
    repositorySkills: RepositorySkills;
    /** Stands around the tools of a worker that has sandboxes. */
    around(driver: SandboxDriver, host: HostProbe): (runner: ToolRunner) => ToolRunner;
  },
): OpenTools {
  const driver = sandboxDriver(config, log, sources.environmentOf);
  if (driver === null) {
    return {
      driver,
      host: null,
      runner: {
        run: async () => {
          throw new AppError(
            'sandbox_unavailable',
            'This service runs without sandboxes (sandbox.driver: none).',
          );
        },
        kill: async () => undefined,
      },
      close: async () => undefined,
    };
  }
  const { limits } = config.sandbox;
  const registry = createToolRegistry(
    { defaultMs: limits.command_seconds * 1_000, maximumMs: limits.max_command_seconds * 1_000 },
    sources.webToolsOf(driver),
    driver.kind === 'aio' ? ['sandbox_mcp'] : [],
  );
  const host = watchProbe(driver);
  host.onProbe((probe) => {
    if (probe.ok) log.info({ limits: probe.limits }, `sandboxes: ${driver.kind}`);
    else log.warn(`hands off: ${driver.kind} cannot be used. ${probe.why ?? ''}`);
  });
  const around = sources.around(driver, host);
  const collector = sources.collectorOf(driver);
  collector.collectAll().catch((error: unknown) => log.warn({ err: error }, 'looking for outputs failed'));
  return {
    driver,
    host,
    runner: createPatientToolRunner(
      around(
        createSandboxToolRunner({
          driver,
          registry,
          host,
          attachmentsOf: sources.attachmentsOf,
          toolsOf: sources.toolsOf,
          repositories: sources.repositories(),
          repositorySkills: sources.repositorySkills,
          onCallEnded: (spec) => collector.schedule(spec),
        }),
      ),
    ),
    async close() {
      await collector.stop();
      await driver.close();
    },
  };
}
