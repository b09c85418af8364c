import type { Logger } from 'pino';
import type { Metrics } from './metrics.ts';

/** Something that went wrong in a session, of which its clients are told too. */
export interface SessionTrouble {
  /**
   * `ends_turn`: nothing is tried any more. `retried`: the model is asked again. `other_model`: another one is asked. `beside`: the turn
   * goes on without what it is about. `at_budget`: the session rests because its budget is used up, as somebody wanted it.
   */
  effect: 'ends_turn' | 'retried' | 'other_model' | 'beside' | 'at_budget';
  sessionId: string;
  /** null: it could not be found out. */
  workspaceId: string | null;
  /** Key of the step or tool call in the store. */
  step: string;
  /** As the API names the error. */
  type: string;
  reason: string;
  /** As the service names it. */
  code?: string;
  model?: string;
  provider?: string | undefined;
  cause?: string | undefined;
}

/** A tool call of which the model is told that nobody knows its outcome, or that no sandbox could be had for it. */
export interface ToolTrouble {
  outcome: 'lost' | 'unavailable';
  sessionId: string;
  workspaceId: string;
  toolUseId: string;
  tool: string;
  reason: string;
}

const MESSAGES = {
  ends_turn: ['error', 'a turn ended with an error'],
  retried: ['debug', 'a model failed and is asked again'],
  other_model: ['warn', 'a turn goes on with another model'],
  beside: ['warn', 'a turn goes on without something that failed'],
  at_budget: ['info', 'a session rests: its budget is used up'],
} as const;

/** Where activities leave what went wrong in sessions. */
export interface TroubleLog {
  session(trouble: SessionTrouble): void;
  tool(trouble: ToolTrouble): void;
}

/** Notes nothing, for tests. */
export const NO_TROUBLES: TroubleLog = { session: () => undefined, tool: () => undefined };

/** Logs what went wrong in sessions, and counts the turns that it ended. */
export function createTroubleLog(
  log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>,
  metrics: Pick<Metrics, 'turnFailure'>,
): TroubleLog {
  return {
    session({ effect, sessionId, workspaceId, step, type, code, model, provider, reason, cause }) {
      const [level, message] = MESSAGES[effect];
      if (effect === 'ends_turn') metrics.turnFailure(code ?? type);
      log[level](
        {
          session_id: sessionId,
          workspace_id: workspaceId,
          step,
          error_type: type,
          error_code: code,
          model,
          provider,
          reason: reason === '' ? undefined : reason,
          cause,
        },
        message,
      );
    },
    tool({ outcome, sessionId, workspaceId, toolUseId, tool, reason }) {
      log.warn(
        { session_id: sessionId, workspace_id: workspaceId, call_id: toolUseId, tool, reason },
        outcome === 'lost'
          ? 'the outcome of a tool call is unknown'
          : 'no sandbox could be had for a tool call',
      );
    },
  };
}
