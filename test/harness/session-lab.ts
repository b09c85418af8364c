import { randomBytes } from 'node:crypto';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import type { Worker, WorkerPlugin } from '@temporalio/worker';
import pino from 'pino';
import { createWorkers } from '../../activities/create-workers.ts';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { createModelOutages, type ModelOutages } from '../../activities/model-outages.ts';
import { createModelSlots } from '../../activities/model-slots.ts';
import { createInterruptWatch } from '../../activities/interrupt-watch.ts';
import { createContentCache } from '../../activities/request/content-cache.ts';
import { createTranscriptCache } from '../../activities/transcript-cache.ts';
import { createSweeper, type Sweeper } from '../../activities/upkeep/sweeper.ts';
import { createTakeover } from '../../activities/upkeep/takeover.ts';
import { accept, type AcceptEvent, type Accepted } from '../../core/journal/accept.ts';
import { updateSession } from '../../core/journal/update-session.ts';
import type { Budget } from '../../core/journal/view.ts';
import type { JournalWrites } from '../../core/journal/writes.ts';
import { archive, refuseBusy } from '../../core/journal/archive.ts';
import { makeId } from '../../core/ids.ts';
import { NO_LIMITS, type TurnLimits } from '../../core/journal/turn.ts';
import type { ModelEntry } from '../../core/models/model-entry.ts';
import { createModelCatalog, type ModelCatalog } from '../../core/models/model-catalog.ts';
import type { JsonObject } from '../../core/json.ts';
import { DEFAULT_SHARES } from '../../core/session/context/context-budget.ts';
import { openConnection } from '../../providers/temporal-server/client-connection.ts';
import { openWorkerConnection } from '../../providers/temporal-server/worker-connection.ts';
import { historyPlace } from '../../providers/blob/history-copies.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import { createDecodedImages } from '../../providers/image/decoded-images.ts';
import { createInMemoryBus } from '../../providers/bus/in-memory.ts';
import { temporalDataConverter } from '../../providers/encryption/data-converter.ts';
import { createEncryptedBlobStore } from '../../providers/encryption/encrypted-blob-store.ts';
import { createKeyRing, type EncryptionKey } from '../../providers/encryption/key-ring.ts';
import { createRowCipher } from '../../providers/encryption/row-cipher.ts';
import { toSignalledEvent } from '../../providers/engine/signalled-event.ts';
import { createTemporalEngine } from '../../providers/engine/temporal-engine.ts';
import { workflowBundle } from '../../providers/engine/workflow-bundle.ts';
import { identifyProcess, isAlive } from '../../providers/host/process-identity.ts';
import type { ModelProvider, ToolDefinition } from '../../providers/model/model-provider.ts';
import { openDatabase } from '../../providers/store/postgres/database.ts';
import { createPostgresJournal } from '../../providers/store/postgres/journal.ts';
import { createPostgresLease, SWEEPER_ROLE } from '../../providers/store/postgres/lease.ts';
import type { Journal } from '../../providers/store/journal.ts';
import { migrate } from '../../providers/store/postgres/migrate.ts';
import { createPostgresUpkeep } from '../../providers/store/postgres/upkeep.ts';
import { UNOBSERVED } from '../doubles/unobserved.ts';
import { createPostgresWorkerRegistry } from '../../providers/store/postgres/worker-registry.ts';
import type { ToolRunner } from '../../tools/tool-runner.ts';
import { quietRuntime } from './quiet-runtime.ts';
import { testDecoder } from './test-decoder.ts';
import { waitForRest } from './wait-for-rest.ts';
import type { TestServices } from './start-test-services.ts';
export { createScriptedRunner, type ScriptedRunner } from './scripted-runner.ts';
export { customResult, userConfirmation, userInterrupt, userMessage } from './client-events.ts';
export { quietRuntime } from './quiet-runtime.ts';

const ids = { event: () => makeId('event', Date.now(), randomBytes(10)) };

/** A model whose window is soon full. */
const SMALL_MODEL = {
  id: 'claude-small',
  provider: 'anthropic',
  context_window: 8_000,
  max_output_tokens: 1_000,
} as const;

/**
 * The durable core of the service in one process: a real PostgreSQL, a real Temporal, the product's workflow, activities, sweeper and
 * takeover; the model and the tools are the test's. For tests that need no HTTP and no sandbox.
 */
export async function startSessionLab(options: {
  provider: ModelProvider;
  /** Tools that the model is told of. */
  tools?: readonly ToolDefinition[];
  runner: ToolRunner;
  /** When a turn pauses by itself; by default never. */
  turns?: TurnLimits;
  catalog?: ModelCatalog;
  /** Of models that were given up; by default nothing is remembered. */
  outages?: ModelOutages;
  /** Another model than `provider`, for some. */
  providerOf?: (entry: ModelEntry) => ModelProvider | null;
  /** Counts a step that is going to ask a model, as its provider does. */
  reserve?: () => () => void;
  historyBudget?: number;
  services?: TestServices;
  /** Encrypts payloads, rows and blobs. */
  keys?: readonly EncryptionKey[];
  /** Activities that a worker runs at once; by default 100. */
  slots?: number;
  /** Of this process among the workers; by default a random one. */
  name?: string;
  /** Where tool calls go. */
  hosts?: ActivityDependencies['hosts'];
  /** Stands between activities and the journal. */
  faults?: (journal: Journal) => Journal;
  /** Told of each worker found dead: how many attempts it held. */
  onTakeover?: (attempts: number) => void;
  plugins?: WorkerPlugin[];
}) {
  quietRuntime();
  const services = options.services ?? (await freshServices());
  const log = pino({ level: 'silent' });
  const ring = createKeyRing(options.keys ?? []);
  const dataConverter = temporalDataConverter(ring);
  const database = openDatabase({ url: services.postgresUrl, cipher: createRowCipher(ring) });
  await migrate(database);
  const journal = createPostgresJournal(database);
  const activityJournal = options.faults?.(journal) ?? journal;
  const ownName = options.name ?? `lab-${randomBytes(4).toString('hex')}`;
  const upkeep = createPostgresUpkeep(database);
  const bus = createInMemoryBus();
  const blobs = createEncryptedBlobStore(createInMemoryBlobStore(), ring);
  const connection = await openConnection({ address: services.temporalAddress });
  const native = await openWorkerConnection({ address: services.temporalAddress });
  const decoder = testDecoder();
  const { temporalNamespace: namespace } = services;
  const client = new Client({ connection, namespace, dataConverter });
  const engine = createTemporalEngine(
    client,
    {
      taskQueue: services.taskQueue,
      handsTaskQueue: null,
      historyBudget: options.historyBudget ?? 1_000,
      signalBudget: 5_000,
    },
    () => undefined,
  );
  const interrupts = createInterruptWatch({
    bus,
    newest: (sessions) => upkeep.newestInterrupts(sessions),
    onError: () => undefined,
  });
  const bundle = await workflowBundle(path.join(tmpdir(), 'managed-agent-test-bundles'), dataConverter);
  const running: { worker: Worker; done: Promise<void> }[] = [];

  async function startWorker(name = ownName): Promise<Worker[]> {
    const deps: ActivityDependencies = {
      journal: activityJournal,
      blobs,
      images: createDecodedImages(decoder),
      contents: createContentCache(16 * 1024 * 1024),
      sessionSkills: { of: async () => [] },
      bus,
      ids,
      worker: name,
      ...UNOBSERVED,
      interrupts,
      catalog:
        options.catalog ??
        createModelCatalog({ settings: [SMALL_MODEL], usable: ['anthropic'], defaultModel: null }),
      turns: options.turns ?? NO_LIMITS,
      failuresBeforeFallback: 2,
      outages: options.outages ?? createModelOutages(0, Date.now),
      slots: createModelSlots(options.slots ?? 100),
      providers: {
        for: (entry) => options.providerOf?.(entry) ?? options.provider,
        limits: () => options.reserve !== undefined,
        reserve: () => options.reserve?.() ?? (() => undefined),
      },
      transcripts: createTranscriptCache(activityJournal, 64 * 1024 * 1024),
      context: DEFAULT_SHARES,
      describeTools: () => [...(options.tools ?? [])],
      builtInNames: () => ['bash', 'read', 'write', 'edit', 'glob', 'grep'],
      runner: options.runner,
      hosts: options.hosts ?? null,
      residence: null,
    };
    const workers = await createWorkers(
      native,
      bundle,
      deps,
      {
        temporal: { namespace, task_queue: services.taskQueue, hands_task_queue: null },
        worker: {
          role: 'both',
          max_concurrent_activities: options.slots ?? 100,
          max_concurrent_workflow_tasks: 40,
          max_cached_workflows: 100,
          drain_seconds: 1,
        },
      },
      name,
      dataConverter,
      options.plugins,
    );
    for (const worker of workers) running.push({ worker, done: worker.run() });
    return workers;
  }

  const shared = { upkeep, engine, log };
  const sweeper: Sweeper = createSweeper({
    ...shared,
    journal,
    blobs,
    now: Date.now,
    lease: createPostgresLease(services.postgresUrl, SWEEPER_ROLE, `lab ${ownName}`),
  });
  const registry = createPostgresWorkerRegistry({
    url: services.postgresUrl,
    name: ownName,
    host: hostname(),
    process: identifyProcess(process.pid) ?? { pid: process.pid, started: '' },
    isAlive,
    role: 'both',
    sandboxHost: null,
  });
  const takeover = createTakeover({
    ...shared,
    registry,
    client,
    ...(options.onTakeover ? { onTakeover: options.onTakeover } : {}),
  });

  async function createSession(
    agent: JsonObject = {},
    events: readonly AcceptEvent[] = [],
    budget: Budget | null = null,
    workspaceId = 'lab',
  ) {
    const id = makeId('session', Date.now(), randomBytes(10));
    const threadId = makeId('thread', Date.now(), randomBytes(10));
    const snapshot = {
      model: { id: 'claude-test', effort: { type: 'high' } },
      system: null,
      tools: [],
      skills: [],
      ...agent,
    };
    const { result } = await journal.createSession(
      {
        id,
        threadId,
        workspaceId,
        agent: snapshot,
        agentId: 'agent_lab',
        agentVersion: 1,
        agentName: 'lab',
        environmentId: 'env_lab',
        title: null,
        metadata: {},
        vaultIds: [],
        budget,
      },
      (view) => {
        const { writes, accepted } = accept(view, events, 1_000, ids);
        return { writes, result: accepted };
      },
    );
    await engine.start({
      sessionId: id,
      workspaceId,
      threadId,
      agentId: 'agent_lab',
      model: 'claude-test',
      title: null,
    });
    await signal(id, events, result);
    return { id, threadId };
  }

  async function signal(
    sessionId: string,
    events: readonly AcceptEvent[],
    accepted: readonly (Accepted | undefined)[],
  ) {
    const told = [];
    for (const [index, event] of events.entries()) {
      const place = accepted[index];
      if (!place || place.finished) continue;
      const { arrival, seq } = place;
      told.push(
        await toSignalledEvent(blobs, historyPlace('lab', sessionId), {
          ...event,
          arrival,
          seq,
          ref: event.ref ?? null,
        }),
      );
    }
    if (told.length > 0 && (await engine.signal(sessionId, told))) {
      await journal.markSignalled(
        sessionId,
        told.map((event) => event.arrival),
      );
    }
  }

  async function signalRows(sessionId: string, rows: JournalWrites['enqueue']) {
    const events = rows.map(({ event }) => event);
    const places = rows.map(({ arrival, event }) => ({ id: event.id, arrival, seq: null, finished: false }));
    await signal(sessionId, events, places);
  }

  return {
    services,
    database,
    journal,
    upkeep,
    bus,
    blobs,
    client,
    engine,
    sweeper,
    takeover,
    registry,
    startWorker,
    createSession,
    /** Accepts events and tells the workflow, unless `untold`. */
    async send(sessionId: string, events: readonly AcceptEvent[], mode: 'told' | 'untold' = 'told') {
      const named = events.flatMap((event) => (event.ref === undefined ? [] : [event.ref]));
      const { result } = await journal.transact({ sessionId, named, caller: 'client' }, (view) => {
        const { writes, accepted } = accept(view, events, 1_000, ids);
        return { writes, result: accepted };
      });
      for (const [index, event] of events.entries()) {
        const arrival = result[index]?.arrival;
        if (event.type === 'user.interrupt' && arrival !== undefined) {
          bus.publish({ type: 'interrupt', sessionId, arrival });
        }
      }
      if (mode === 'told') await signal(sessionId, events, result);
      return result;
    },
    /** Tells the workflow of events that were accepted `untold`. */
    tell: signal,
    /** Replaces a session's budget and tells the workflow, if it paused at the old one. */
    async setBudget(sessionId: string, budget: Budget | null) {
      const { result } = await journal.transact({ sessionId, caller: 'client' }, (view) => {
        const writes = updateSession(view, { budget }, { budget }, ids);
        return { writes, result: writes.enqueue };
      });
      await signalRows(sessionId, result);
    },
    /** Ends a session for good and tells the workflow. Rejects while it is busy. */
    async archive(sessionId: string) {
      const { result } = await journal.transact({ sessionId, caller: 'client' }, (view) => {
        const writes = archive(view, ids);
        return { writes, result: writes.enqueue };
      });
      await signalRows(sessionId, result);
    },
    /** Deletes a session and its runs. Rejects while it is busy. */
    async remove(sessionId: string) {
      await journal.deleteSession({ sessionId, caller: 'client' }, (view) => refuseBusy(view, 'deleted'));
      await engine.remove(sessionId);
    },
    /** Waits until the session is at rest. */
    rest: async (sessionId: string, milliseconds = 30_000) => waitForRest(journal, sessionId, milliseconds),
    /** Waits until an event of this type is in the log. */
    async see(sessionId: string, type: string, milliseconds = 20_000) {
      const end = Date.now() + milliseconds;
      for (;;) {
        const found = (await journal.eventsAfter(sessionId, 0, 100_000)).find((event) => event.type === type);
        if (found) return found;
        if (Date.now() > end) throw new Error(`${sessionId} has no ${type}`);
        await delay(10);
      }
    },
    /** Lets the sweeper do its rounds until the session is at rest. */
    async sweepUntilRest(sessionId: string, milliseconds = 40_000) {
      await sweeper.sweep();
      return waitForRest(journal, sessionId, milliseconds, async () => {
        await delay(250);
        await sweeper.sweep();
      });
    },
    async types(sessionId: string) {
      const events = await journal.eventsAfter(sessionId, 0, 10_000);
      return events.map((event) => event.type);
    },
    async stop() {
      for (const { worker } of running) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.allSettled(running.map(({ done }) => done));
      for (const part of [sweeper, takeover]) await part.stop();
      await registry.leave();
      interrupts.close();
      await Promise.all([decoder.close(), native.close(), connection.close()]);
      await database.close();
      if (!options.services) await services.stop();
    },
  };
}

export type SessionLab = Awaited<ReturnType<typeof startSessionLab>>;

/** Imported late, since scripts outside vitest, which bring services of their own, cannot load it. */
async function freshServices(): Promise<TestServices> {
  return (await import('./start-test-services.ts')).startTestServices();
}
