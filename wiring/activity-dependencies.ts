import type { Logger } from 'pino';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { createContentCache } from '../activities/request/content-cache.ts';
import { createInterruptWatch } from '../activities/interrupt-watch.ts';
import { createModelOutages } from '../activities/model-outages.ts';
import { createModelSlots } from '../activities/model-slots.ts';
import { createTranscriptCache } from '../activities/transcript-cache.ts';
import type { Config } from '../config.ts';
import type { BlobStore } from '../providers/blob/blob-store.ts';
import type { HostMarks } from '../providers/blob/host-marks.ts';
import type { Bus } from '../providers/bus/bus.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import type { Decoder } from '../providers/decoder/decoder.ts';
import { createDecodedImages } from '../providers/image/decoded-images.ts';
import { createSkillReader } from '../providers/skill-archive/skill-reader.ts';
import { createPageReader } from '../providers/web/page-reader.ts';
import { createPostgresEnvironments } from '../providers/store/postgres/environments.ts';
import { createPostgresFiles } from '../providers/store/postgres/files.ts';
import { createPostgresSessionSkills } from '../providers/store/postgres/session-skills.ts';
import { createPostgresSessions } from '../providers/store/postgres/sessions.ts';
import { rememberSkills } from '../providers/store/remembered-skills.ts';
import type { SandboxDriver } from '../providers/sandbox/sandbox.ts';
import type { HostProbe } from '../providers/sandbox/watch-probe.ts';
import type { Journal } from '../providers/store/journal.ts';
import type { Upkeep } from '../providers/store/upkeep.ts';
import { watchTurns } from '../providers/store/watch-turns.ts';
import type { TroubleLog } from '../providers/telemetry/trouble-log.ts';
import type { ActivityTelemetry } from '../providers/telemetry/activity-telemetry.ts';
import { createPostgresWorkerOffers } from '../providers/store/postgres/worker-offers.ts';
import type { HostMetrics } from '../providers/telemetry/host-metrics.ts';
import type { CountRemoved } from '../providers/telemetry/removed-metric.ts';
import type { LiveCatalog } from '../providers/model/live-catalog.ts';
import { modelProviders } from './model-access.ts';
import { newIds } from './new-ids.ts';
import { openDecoder } from './open-decoder.ts';
import { openTools } from './open-tools.ts';
import { attachmentsOf, outputCollector } from './session-files.ts';
import { sandboxEnvironment } from './sandbox-environment.ts';
import { createRepositorySkills } from '../tools/repository-skills.ts';
import { sessionRepositories } from './session-repositories.ts';
import { handsQueues, sessionHost, type SessionHost } from './session-host.ts';
import { toolsOfHands } from './tools-of-hands.ts';
import { webTools } from './web-tools.ts';

/** All that a worker's activities need, made from the settings. */
export function activityDependencies(parts: {
  config: Config;
  log: Logger;
  database: Database;
  journal: Journal;
  upkeep: Upkeep;
  bus: Bus;
  blobs: BlobStore;
  /** This worker's name in `steps.worker`. */
  name: string;
  telemetry: ActivityTelemetry;
  troubles: TroubleLog;
  hostMetrics: HostMetrics;
  removed: CountRemoved;
  /** Of the blobs as they are stored. */
  marks: HostMarks;
  catalog: LiveCatalog;
}): {
  dependencies: ActivityDependencies;
  decoder: Decoder;
  driver: SandboxDriver | null;
  host: HostProbe | null;
  /** This worker's part of a host of sandboxes; null without sandboxes. */
  stay: SessionHost | null;
  close(): Promise<void>;
} {
  const { config, log, database, upkeep, bus, blobs, name, telemetry, catalog } = parts;
  const journal = watchTurns(parts.journal, (turn) =>
    telemetry.turnEnded(turn, async () => parts.journal.setup(turn.sessionId)),
  );
  const files = createPostgresFiles(database);
  const decoder = openDecoder(config, log);
  const skillReader = createSkillReader(decoder);
  const sessionSkills = rememberSkills(createPostgresSessionSkills(database));
  const sessionFiles = {
    sessions: createPostgresSessions(database),
    sessionSkills,
    journal,
    files,
    blobs,
    skillReader,
    limits: config.files,
    log,
  };
  const environmentOf = sandboxEnvironment(createPostgresEnvironments(database), journal, sessionSkills);
  const stays: SessionHost[] = [];
  const tools = openTools(config, log, {
    environmentOf,
    attachmentsOf: attachmentsOf(sessionFiles),
    collectorOf: outputCollector(sessionFiles),
    webToolsOf: (driver) =>
      webTools({ config, log, driver, journal, blobs, environmentOf, readPage: createPageReader(decoder) }),
    repositories: () => sessionRepositories(config, log, sessionFiles.sessions),
    repositorySkills: createRepositorySkills({
      skillReader,
      repositoriesOf: ({ workspaceId, sessionId }) =>
        sessionFiles.sessions.repositories(workspaceId, sessionId),
    }),
    around(driver, probe) {
      if (config.worker.role === 'brain') return (runner) => runner;
      const made = sessionHost({
        config,
        log,
        database,
        journal,
        blobs,
        marks: parts.marks,
        bus,
        driver,
        probe,
        metrics: parts.hostMetrics,
        removed: parts.removed,
      });
      stays.push(made);
      return made.runnerOf;
    },
    toolsOf: async ({ sessionId }) => (await journal.setup(sessionId)).agent.tools,
  });
  const offered = toolsOfHands(config, createPostgresWorkerOffers(database), log);
  const interrupts = createInterruptWatch({
    bus,
    newest: (sessions) => upkeep.newestInterrupts(sessions),
    onError: (error) => log.debug({ err: error }, 'looking for interrupts failed and is repeated'),
  });
  const stay = stays[0] ?? null;
  return {
    stay,
    decoder,
    driver: config.worker.role === 'brain' ? null : tools.driver,
    host: config.worker.role === 'brain' ? null : tools.host,
    dependencies: {
      runner: tools.runner,
      describeTools: offered.describeTools,
      builtInNames: offered.builtInNames,
      journal,
      blobs,
      sessionSkills,
      bus,
      interrupts,
      hosts: handsQueues(config, database),
      residence: stay?.residence ?? null,
      ids: newIds,
      worker: name,
      telemetry,
      troubles: parts.troubles,
      catalog,
      turns: {
        rounds: config.session.max_steps_per_turn,
        repeatedCalls: config.session.max_repeated_calls,
        continuations: config.session.max_output_continuations,
      },
      failuresBeforeFallback: config.session.failures_before_fallback,
      outages: createModelOutages(config.session.fallback_cool_down_seconds * 1_000, Date.now),
      slots: createModelSlots(config.worker.max_concurrent_activities),
      providers: modelProviders(config),
      context: {
        trimAbove: config.context.trim_above,
        trimTo: config.context.trim_to,
        compactAbove: config.context.compact_above,
        keepRecent: config.context.keep_recent,
      },
      transcripts: createTranscriptCache(journal, config.worker.transcript_cache_mb * 1024 * 1024),
      images: createDecodedImages(decoder),
      contents: createContentCache(config.worker.media_cache_mb * 1024 * 1024),
    },
    async close() {
      offered.close();
      interrupts.close();
      await Promise.all([tools.close(), decoder.close()]);
    },
  };
}
