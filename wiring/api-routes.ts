import type { Logger } from 'pino';
import type { SignIns } from '../api/console/sign-ins.ts';
import { openApiRoute, toOpenApi } from '../api/openapi.ts';
import type { Route } from '../api/route.ts';
import type { AuditTally } from '../api/audit/audit-tally.ts';
import type { Offered } from '../api/offered.ts';
import { createAuditCheck, createOperatorCheck } from '../api/operator-check.ts';
import { agentRoutes } from '../api/routes/agents.ts';
import { auditRoutes } from '../api/routes/audit.ts';
import { codecRoutes } from '../api/routes/codec.ts';
import { environmentRoutes } from '../api/routes/environments.ts';
import { fileRoutes } from '../api/routes/files.ts';
import { healthRoutes } from '../api/routes/health.ts';
import { metricsRoutes } from '../api/routes/metrics.ts';
import { modelRoutes } from '../api/routes/models.ts';
import { sessionEventReadRoutes } from '../api/routes/session-event-reads.ts';
import { sessionResourceRoutes } from '../api/routes/session-resources.ts';
import { sessionRoutes } from '../api/routes/sessions.ts';
import { simpleFileRoutes } from '../api/routes/simple-files.ts';
import { simpleSessionRoutes } from '../api/routes/simple-sessions.ts';
import { signInRoutes } from '../api/routes/sign-ins.ts';
import { skillRoutes } from '../api/routes/skills.ts';
import { statusRoutes } from '../api/routes/status.ts';
import { threadRoutes } from '../api/routes/threads.ts';
import { unbuiltRoutes } from '../api/routes/unbuilt.ts';
import { createDefaults } from '../api/simple/defaults.ts';
import { createUploadsUnderWay } from '../api/files/uploads-under-way.ts';
import { createStreamHub, type StreamHub } from '../api/sse/stream-hub.ts';
import type { Config } from '../config.ts';
import type { BlobStore } from '../providers/blob/blob-store.ts';
import { loadLargeStrings } from '../providers/blob/large-bodies.ts';
import type { Decoder } from '../providers/decoder/decoder.ts';
import type { Bus } from '../providers/bus/bus.ts';
import { createSkillReader } from '../providers/skill-archive/skill-reader.ts';
import { createPayloadCodec } from '../providers/encryption/payload-codec.ts';
import type { SessionEngine } from '../providers/engine/session-engine.ts';
import { createPostgresAgents } from '../providers/store/postgres/agents.ts';
import { createPostgresAuditLog } from '../providers/store/postgres/audit-log.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import { createPostgresEnvironments } from '../providers/store/postgres/environments.ts';
import { createPostgresEventList } from '../providers/store/postgres/event-list.ts';
import { createPostgresFiles } from '../providers/store/postgres/files.ts';
import { createPostgresJournal } from '../providers/store/postgres/journal.ts';
import { createPostgresSessions } from '../providers/store/postgres/sessions.ts';
import { createPostgresSessionSkills } from '../providers/store/postgres/session-skills.ts';
import { createPostgresSkills } from '../providers/store/postgres/skills.ts';
import { createPostgresStoreGauges } from '../providers/store/postgres/store-gauges.ts';
import { rememberSkills } from '../providers/store/remembered-skills.ts';
import type { Metrics } from '../providers/telemetry/metrics.ts';
import type { ApiHealth } from './api-health.ts';
import { keyRing } from './key-ring.ts';
import { audienceOf, mediaDeps } from './media.ts';
import { newId } from './new-ids.ts';
import { defaultAgentSpec, defaultEnvironmentConfig } from './simple-door.ts';
import { VERSION } from './version.ts';

export interface ApiParts {
  config: Config;
  log: Logger;
  database: Database;
  blobs: BlobStore;
  decoder: Decoder;
  bus: Bus;
  engine: SessionEngine;
  metrics: Metrics;
  offered: Offered;
  signIns: SignIns;
  /** Told of each use of the audit log. */
  operatorReads: Pick<AuditTally, 'note'>;
  health: Pick<ApiHealth, 'readiness' | 'status'>;
}

/** Everything that the api serves, and the streams that end first when it stops. */
export function apiRoutes(parts: ApiParts): { routes: Route[]; hub: StreamHub } {
  const { config, log, database, blobs, decoder, bus, engine, metrics, offered, health } = parts;
  const { models } = offered;
  const now = Date.now;
  const journal = createPostgresJournal(database);
  const sessions = createPostgresSessions(database);
  const agents = createPostgresAgents(database);
  const environments = createPostgresEnvironments(database);
  const files = createPostgresFiles(database);
  const list = createPostgresEventList(database);
  const skills = createPostgresSkills(database);
  const mayOperate = createOperatorCheck(() => config.auth.keys);
  const hydrate = async (workspaceId: string, body: Parameters<typeof loadLargeStrings>[2]) =>
    loadLargeStrings(blobs, workspaceId, body);
  const onProblem = (message: string, error: unknown) => log.warn({ err: error }, message);
  const hub = createStreamHub({ bus, journal, list, hydrate, now, onProblem });
  metrics.readStreams(() => hub.open);
  metrics.readPool(database.pool);
  metrics.readStore(createPostgresStoreGauges(database, now, config.sandbox.host_timeout_seconds * 1_000));

  const defaults = createDefaults({
    agents,
    environments,
    agentSpec: defaultAgentSpec(config, models),
    environmentConfig: defaultEnvironmentConfig(config),
  });
  const uploads = createUploadsUnderWay();
  const forSessions = {
    agents,
    skills,
    sessionSkills: rememberSkills(createPostgresSessionSkills(database)),
    environments,
    sessions,
    files,
    media: mediaDeps({ config, files, blobs, decoder, log }),
    audienceOf: audienceOf(offered),
    journal,
    engine,
    blobs,
    bus,
    models,
    newId,
    now,
    log,
    attention: hub.attention,
    maxUnprocessedEvents: config.session.max_unprocessed_events,
    maxRunningSessions: config.rate_limits.running_sessions_per_workspace,
  };

  const built = [
    ...agentRoutes({ agents, skills, models, newId, absentTools: offered.absentTools }),
    ...environmentRoutes({ environments, newId }),
    ...sessionRoutes(forSessions),
    ...sessionResourceRoutes({ sessions, newId }),
    ...threadRoutes({ sessions, models, now }),
    ...simpleSessionRoutes({
      ...forSessions,
      hub,
      list,
      hydrate,
      defaults,
      uploads,
      quotaBytes: config.files.workspace_bytes,
    }),
    ...simpleFileRoutes({ sessions, files, blobs, now }),
    ...sessionEventReadRoutes({ hub, journal, list, hydrate }),
    ...fileRoutes({
      files,
      blobs,
      uploads,
      newId,
      now,
      maxFileBytes: config.files.max_bytes,
      quotaBytes: config.files.workspace_bytes,
      expireAfterSeconds: toSeconds(config.files.uploads_expire_after_hours),
    }),
    ...skillRoutes({
      skills,
      blobs,
      reader: createSkillReader(decoder),
      files,
      quotaBytes: config.files.workspace_bytes,
      newId,
    }),
    ...modelRoutes({ models }),
    ...signInRoutes({ signIns: parts.signIns }),
    ...auditRoutes({
      log: createPostgresAuditLog(database),
      mayRead: createAuditCheck(() => config.auth.keys),
      reads: parts.operatorReads,
    }),
    ...codecRoutes({ codec: createPayloadCodec(keyRing(config)), mayOperate }),
    ...(config.telemetry.metrics ? metricsRoutes({ metrics, mayOperate }) : []),
    ...healthRoutes({ readiness: health.readiness }),
    ...statusRoutes({ status: health.status, mayOperate }),
  ];
  const routes = [...built, ...unbuiltRoutes(built)];
  return { routes: [...routes, openApiRoute(() => toOpenApi(routes, { version: VERSION }))], hub };
}

function toSeconds(hours: number | null): number | null {
  return hours === null ? null : Math.round(hours * 3_600);
}
