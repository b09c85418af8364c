import { ApplicationFailure } from '@temporalio/common';
import type { AcceptView } from '../core/journal/accept.ts';
import { toolKey } from '../core/journal/attempt.ts';
import type { Decision } from '../core/journal/decision.ts';
import type { TurnTrace } from '../core/journal/turn-trace.ts';
import type { CutRun, Detour } from '../core/journal/turn.ts';
import type { Claim } from '../providers/store/journal.ts';
import { noteForLog } from '../providers/telemetry/log-context.ts';
import { turnSpanContext } from '../providers/telemetry/trace-context.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { StepReport } from './report.ts';
import { reportErrors, reportingLostCommits, type ModelFailure } from './report-errors.ts';
import { stepReport } from './step-report.ts';

/** What a step's transaction came to: the attempt holds the step, or there is an outcome to report. */
export type Transacted =
  | {
      kind: 'opened';
      through: number;
      arrived: number;
      resumed: boolean;
      lastSeq: number;
      detour: Detour | null;
      cut: CutRun | null;
      trace: TurnTrace | null;
      report(): never;
    }
  | { kind: 'outcome'; report(): Promise<StepReport> };

/**
 * Runs one rule of the protocol in a transaction and tells streams that the journal grew. A stale attempt ends here: Temporal no longer
 * waits for it, so its failure is read by nobody.
 *
 * @param request.givenUp - tool uses whose own activities will report nothing more: this step's report speaks for them too.
 */
export async function transactStep(
  deps: ActivityDependencies,
  request: {
    sessionId: string;
    epoch: number;
    rowKey: string;
    claim?: Claim;
    givenUp?: readonly string[];
    /** What the step failed with, where it did. */
    modelFailure?: ModelFailure | undefined;
  },
  rule: (view: AcceptView) => Decision,
): Promise<Transacted> {
  const { sessionId, epoch, rowKey, claim } = request;
  const { result, lastSeq } = await reportingLostCommits(deps, request, (decided) =>
    deps.journal.transact(
      { sessionId, epoch, rowKey, ...(claim ? { claim } : {}), caller: 'activity' },
      (view) => {
        const decision = rule(view);
        noteForLog({ workspace_id: view.head.workspaceId, ...traceOf(view.thread.trace) });
        decided(decision.writes, request.modelFailure);
        return { writes: decision.writes, result: decision };
      },
    ),
  );
  if (result.writes) deps.bus.publish({ type: 'grew', sessionId, seq: lastSeq });
  await reportErrors(deps, request, result.writes, request.modelFailure);
  switch (result.kind) {
    case 'stale':
      throw ApplicationFailure.retryable(`${rowKey} is held by a later attempt`, 'stale_attempt');
    case 'outcome': {
      const keys = [rowKey, ...(request.givenUp ?? []).map(toolKey)];
      return { kind: 'outcome', report: () => stepReport(deps, sessionId, keys, result) };
    }
    case 'opened': {
      const { through, arrived, resumed, detour, cut, trace } = result;
      noteForLog(traceOf(trace));
      const report = (): never => {
        throw new Error('an open step has nothing to report');
      };
      return { kind: 'opened', through, arrived, resumed, lastSeq, detour, cut, trace, report };
    }
  }
}

/** What lines of the log say of a turn's trace. */
function traceOf(turn: TurnTrace | null): { trace_id?: string } {
  const span = turn && turnSpanContext(turn);
  return span === null ? {} : { trace_id: span.traceId };
}
