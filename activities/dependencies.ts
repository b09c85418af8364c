import type { IdSource } from '../core/journal/view.ts';
import type { TurnLimits } from '../core/journal/turn.ts';
import type { ModelCatalog } from '../core/models/model-catalog.ts';
import type { ContextShares } from '../core/session/context/context-budget.ts';
import type { AgentTools } from '../core/session/permission.ts';
import type { BlobStore } from '../providers/blob/blob-store.ts';
import type { Bus } from '../providers/bus/bus.ts';
import type { ModelProviders } from '../providers/model/create-model-providers.ts';
import type { ToolDefinition } from '../providers/model/model-provider.ts';
import type { ImagePreparer } from '../providers/image/image-preparer.ts';
import type { Journal } from '../providers/store/journal.ts';
import type { SessionSkills } from '../providers/store/session-skills.ts';
import type { ActivityTelemetry } from '../providers/telemetry/activity-telemetry.ts';
import type { TroubleLog } from '../providers/telemetry/trouble-log.ts';
import type { ToolRunner } from '../tools/tool-runner.ts';
import type { ContentCache } from './request/content-cache.ts';
import type { Residence } from './hosts/residence.ts';
import type { ModelOutages } from './model-outages.ts';
import type { ModelSlots } from './model-slots.ts';
import type { InterruptWatch } from './interrupt-watch.ts';
import type { TranscriptCache } from './transcript-cache.ts';

/** The task queue of a host of sandboxes, and how long a call may lie there before somebody asks whether the host is gone. */
export interface HandsQueue {
  taskQueue: string;
  patienceMs: number;
}

/** What activities need. Brain activities never touch `runner`, hands activities never touch `providers`. */
export interface ActivityDependencies {
  journal: Journal;
  blobs: BlobStore;
  sessionSkills: SessionSkills;
  bus: Bus;
  ids: IdSource;
  /** Name of this worker process in `steps.worker`; its advisory lock is held under the same name. */
  worker: string;
  interrupts: InterruptWatch;
  catalog: ModelCatalog;
  /** When a turn pauses by itself. */
  turns: TurnLimits;
  /** How often a model may fail in one step before the next of its chain is asked. */
  failuresBeforeFallback: number;
  /** Models that this worker gave up a moment ago. */
  outages: ModelOutages;
  /** Who asks models in this worker. */
  slots: ModelSlots;
  providers: ModelProviders;
  transcripts: TranscriptCache;
  /** How models' context windows are shared out. */
  context: ContextShares;
  /** Makes images fit a model. */
  images: ImagePreparer;
  contents: ContentCache;
  /** The built-in tools that an agent's configuration gives to the model. */
  describeTools(tools: AgentTools): ToolDefinition[];
  /** The names of a built-in toolset, by its type. */
  builtInNames(toolset: string): readonly string[];
  runner: ToolRunner;
  /** Where sessions' sandboxes are, for the brain; null where they are not told apart. */
  hosts: { queueFor(sessionId: string): Promise<HandsQueue | null> } | null;
  /** The host that these hands belong to; null where hosts are not told apart. */
  residence: Pick<Residence, 'taskQueue' | 'admit' | 'takeNotice'> | null;
  telemetry: ActivityTelemetry;
  /** Told of what goes wrong in sessions. */
  troubles: TroubleLog;
}
