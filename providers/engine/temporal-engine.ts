import {
  ApplicationFailure,
  defineSearchAttributeKey,
  SearchAttributeType,
  TypedSearchAttributes,
} from '@temporalio/common';
import {
  ActivityNotFoundError,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import proto from '@temporalio/proto';
import { initialState } from '../../core/session/state.ts';
import { lostAttempt } from './lost-attempt.ts';
import type { SessionEngine, SignalledEvent } from './session-engine.ts';

/** How long a request may wait for Temporal. What it does not take in time the sweeper delivers. */
const PATIENCE_MS = 1_000;

/** gRPC's code for what is not there. */
const NOT_FOUND = 5;
/** State of a pending activity that a worker has taken. */
const STARTED = proto.temporal.api.enums.v1.PendingActivityState.PENDING_ACTIVITY_STATE_STARTED;
type PendingActivity = proto.temporal.api.workflow.v1.IPendingActivityInfo;
const WORKFLOW_TYPE = 'session';
const SIGNAL = 'accepted';
/** A worker killed inside a workflow task costs this long. */
const WORKFLOW_TASK_TIMEOUT = '2s';

const STATUS = defineSearchAttributeKey('AgentStatus', SearchAttributeType.KEYWORD);
const AGENT = defineSearchAttributeKey('AgentId', SearchAttributeType.KEYWORD);
const MODEL = defineSearchAttributeKey('AgentModel', SearchAttributeType.KEYWORD);
const WORKSPACE = defineSearchAttributeKey('Workspace', SearchAttributeType.KEYWORD);

/** A session as a run of it is started. */
export interface StartableSession {
  sessionId: string;
  workspaceId: string;
  threadId: string;
  epoch: number;
  agentId: string;
  model: string;
  title: string | null;
  /** `fresh`: just created, with or without queued events. `takeover`: read the state from the store; ends a run that may exist. */
  mode: 'fresh' | 'takeover';
}

/** What the sweeper learns about a session's run. */
export type RunState = 'missing' | 'working' | 'waiting';

/** The engine on Temporal, with what upkeep needs besides. */
export interface TemporalEngine extends SessionEngine {
  /** Starts a run, or rejects. `fresh` runs that exist already are left alone. */
  startRun(session: StartableSession): Promise<void>;
  /** Signals, or rejects. `missing` when there is no run to signal. */
  signalRun(sessionId: string, events: readonly SignalledEvent[]): Promise<'acknowledged' | 'missing'>;
  /** `working`: an activity or a workflow task is pending. `waiting`: neither is. */
  stateOf(sessionId: string): Promise<RunState>;
  /**
   * Ends and deletes every run, or rejects. Returns how many Temporal knew: it forgets them a moment later, so 0 of a later call is what
   * says that all are gone.
   */
  removeRuns(sessionId: string): Promise<number>;
  /**
   * Ends the tool calls under way of a session whose host is lost as `wrong_host`, so that its workflow asks where they go: a host that stands
   * still may take each attempt anew and never answer. A call that was alive all the same is only attached to again. Or rejects.
   */
  redirectCalls(sessionId: string): Promise<void>;
  /**
   * Ends the attempts of a session that Temporal gave to this worker, which is dead, so that it hands them out again at once; also
   * those of which the store knows nothing, since the worker died before it opened a row or after it committed one. Returns how many
   * there were. An attempt that is alive all the same is overtaken, which its fence makes harmless. Or rejects.
   */
  releaseAttempts(sessionId: string, worker: string): Promise<number>;
  /** The same for those attempts of a living worker that `isLost` picks. */
  releaseLost(sessionId: string, worker: string, isLost: (attempt: GivenAttempt) => boolean): Promise<number>;
}

/** An attempt that a worker has, as Temporal believes. */
export interface GivenAttempt {
  runId: string;
  /** Given once in a run. */
  activityId: string;
  /** 1 for the first one of the activity. */
  attempt: number;
}

export interface EngineSettings {
  taskQueue: string;
  handsTaskQueue: string | null;
  historyBudget: number;
  signalBudget: number;
}

/** @param onError - told of what was left to the sweeper. */
export function createTemporalEngine(
  client: Client,
  settings: EngineSettings,
  onError: (error: unknown) => void,
): TemporalEngine {
  const { namespace } = client.options;

  async function patiently<T>(work: () => Promise<T>): Promise<T> {
    return client.withDeadline(Date.now() + PATIENCE_MS, work);
  }

  const startRun: TemporalEngine['startRun'] = async (session) => {
    const { sessionId, threadId, epoch, mode } = session;
    const state = initialState({ epoch, threadId, resync: mode === 'takeover', flag: false });
    try {
      await client.workflow.start(WORKFLOW_TYPE, {
        workflowId: sessionId,
        taskQueue: settings.taskQueue,
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: mode === 'takeover' ? 'TERMINATE_EXISTING' : 'FAIL',
        staticSummary: session.title ?? `Session of ${session.agentId}`,
        typedSearchAttributes: new TypedSearchAttributes([
          { key: STATUS, value: 'idle' },
          { key: AGENT, value: session.agentId },
          { key: MODEL, value: session.model },
          { key: WORKSPACE, value: session.workspaceId },
        ]),
        args: [
          {
            sessionId,
            model: session.model,
            state,
            historyBudget: settings.historyBudget,
            signalBudget: settings.signalBudget,
            handsTaskQueue: settings.handsTaskQueue,
            tally: { models: 0, tools: 0, costNanoUsd: 0, last: '' },
          },
        ],
      });
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError && mode === 'fresh') return;
      throw error;
    }
  };

  const signalRun: TemporalEngine['signalRun'] = async (sessionId, events) => {
    try {
      await client.workflow.getHandle(sessionId).signal(SIGNAL, [...events]);
      return 'acknowledged';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'missing';
      throw error;
    }
  };

  const removeRuns: TemporalEngine['removeRuns'] = async (sessionId) => {
    // Deleting a run ends it too. To terminate it first would leave it for tens of seconds, as closed runs are (measured).
    // The last run is found by its id; earlier ones through visibility, which may lag. The sweeper comes by again.
    let known = await deleteRun(sessionId, '');
    for await (const run of client.workflow.list({ query: `WorkflowId = '${sessionId}'` })) {
      known += await deleteRun(sessionId, run.runId);
    }
    return known;
  };

  async function deleteRun(workflowId: string, runId: string): Promise<number> {
    try {
      await client.workflowService.deleteWorkflowExecution({
        namespace,
        workflowExecution: { workflowId, runId },
      });
      return 1;
    } catch (error) {
      if (isNotFound(error)) return 0;
      throw error;
    }
  }

  /** Fails those of a session's pending activities that `fits` picks, in its present run. Returns how many were still pending. */
  async function failPending(
    sessionId: string,
    fits: (activity: PendingActivity, runId: string) => boolean,
    failure: ApplicationFailure,
  ): Promise<number> {
    const { raw } = await client.workflow.getHandle(sessionId).describe();
    const runId = raw.workflowExecutionInfo?.execution?.runId ?? '';
    let failed = 0;
    for (const activity of raw.pendingActivities ?? []) {
      const { activityId } = activity;
      if (!activityId || !fits(activity, runId)) continue;
      try {
        await client.activity.fail({ workflowId: sessionId, runId, activityId }, failure);
        failed++;
      } catch (error) {
        if (!(error instanceof ActivityNotFoundError)) throw error;
      }
    }
    return failed;
  }

  const redirectCalls: TemporalEngine['redirectCalls'] = async (sessionId) => {
    await failPending(
      sessionId,
      ({ activityType }) => activityType?.name === 'runTool',
      ApplicationFailure.nonRetryable('the host of the sandbox is lost', 'wrong_host'),
    );
  };

  const releaseAttempts: TemporalEngine['releaseAttempts'] = async (sessionId, worker) => {
    try {
      const released = await failPending(sessionId, isWith(worker), lostAttempt('worker_lost'));
      // A workflow task that waits on the dead worker's own queue would wait for its time-out first.
      await client.workflowService.resetStickyTaskQueue({ namespace, execution: { workflowId: sessionId } });
      return released;
    } catch (error) {
      if (isNotFound(error)) return 0;
      throw error;
    }
  };

  const releaseLost: TemporalEngine['releaseLost'] = async (sessionId, worker, isLost) => {
    const isHere = isWith(worker);
    try {
      return await failPending(
        sessionId,
        (activity, runId) =>
          isHere(activity) &&
          isLost({ runId, activityId: activity.activityId ?? '', attempt: activity.attempt ?? 1 }),
        lostAttempt('task_lost'),
      );
    } catch (error) {
      if (isNotFound(error)) return 0;
      throw error;
    }
  };

  return {
    startRun,
    signalRun,
    removeRuns,
    redirectCalls,
    releaseAttempts,
    releaseLost,
    async start(session) {
      try {
        await patiently(() => startRun({ ...session, epoch: 1, mode: 'fresh' }));
      } catch (error) {
        onError(error);
      }
    },
    async signal(sessionId, events) {
      try {
        return (await patiently(() => signalRun(sessionId, events))) === 'acknowledged';
      } catch (error) {
        onError(error);
        return false;
      }
    },
    async remove(sessionId) {
      try {
        await patiently(() => removeRuns(sessionId));
      } catch (error) {
        onError(error);
      }
    },
    async stateOf(sessionId) {
      try {
        const { raw, status } = await client.workflow.getHandle(sessionId).describe();
        if (status.name !== 'RUNNING') return 'missing';
        const busy = (raw.pendingActivities?.length ?? 0) > 0 || raw.pendingWorkflowTask != null;
        return busy ? 'working' : 'waiting';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'missing';
        throw error;
      }
    },
    async check() {
      // Unlike a look at the server alone, this one needs its database.
      await patiently(() => client.workflowService.describeNamespace({ namespace }));
    },
  };
}

/** Whether Temporal believes that this worker has the activity now. */
function isWith(worker: string): (activity: PendingActivity) => boolean {
  return ({ state, lastWorkerIdentity }) => state === STARTED && lastWorkerIdentity === worker;
}

function isNotFound(error: unknown): boolean {
  return (
    error instanceof WorkflowNotFoundError ||
    (isGrpcServiceError(error) && (error.code as number) === NOT_FOUND)
  );
}
