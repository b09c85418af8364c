import { LIMITS, type AnswerCut } from '../session/answer-cut.ts';
import type { SessionError } from './session-error.ts';

/** Models that failed in this turn, in order, and the one that stands in for them. */
export interface Detour {
  failed: string[];
  model: string;
}

/**
 * What the journal remembers of the turn under way, besides its events. `rounds`: answers of the model that asked for tools since the
 * last message. The digests name a call by its tool and input; `calls` counts how often in a row the last call came, `sameRounds` how
 * often in a row all the calls of the last round came. `cut`: how the last answer fell short, and how many have in a row.
 */
export interface Turn {
  rounds: number;
  lastCall: string;
  calls: number;
  lastRound: string;
  sameRounds: number;
  detour: Detour | null;
  cut: CutRun | null;
}

/** Answers in a row that the model was asked to go on with; `cause` and `part` are of the last one. */
export interface CutRun extends AnswerCut {
  times: number;
}

export const FRESH_TURN: Turn = {
  rounds: 0,
  lastCall: '',
  calls: 0,
  lastRound: '',
  sameRounds: 0,
  detour: null,
  cut: null,
};

/** When a turn pauses by itself; null: never. */
export interface TurnLimits {
  /** Answers with tool calls after one message. */
  rounds: number | null;
  /** Times in a row that the same tool is called with the same input. */
  repeatedCalls: number | null;
  /** How often in a row the model is asked to go on with an answer that fell short. */
  continuations: number | null;
}

export const NO_LIMITS: TurnLimits = { rounds: null, repeatedCalls: null, continuations: null };

/**
 * Names of the calls of one answer, made from tool and input, so that equal calls have equal names: of each in order, and of all
 * together.
 */
export interface CallDigests {
  calls: string[];
  round: string;
}

/** The turn after one more answer that asked for tools. */
export function withRound(turn: Turn, digests: CallDigests): Turn {
  let { lastCall, calls } = turn;
  for (const digest of digests.calls) {
    calls = digest === lastCall ? calls + 1 : 1;
    lastCall = digest;
  }
  const sameRounds = digests.round === turn.lastRound ? turn.sameRounds + 1 : 1;
  return {
    ...turn,
    rounds: turn.rounds + 1,
    lastCall,
    calls,
    lastRound: digests.round,
    sameRounds,
    cut: null,
  };
}

/** The turn after one more answer that fell short. A call that was cut off was a round, though not one of the calls that repeat. */
export function withCut(turn: Turn, cut: AnswerCut): Turn {
  const rounds = turn.rounds + (cut.part === 'call' ? 1 : 0);
  return { ...turn, rounds, cut: cutRun(cut, turn.cut) };
}

function cutRun({ cause, part, said }: AnswerCut, before: CutRun | null): CutRun {
  // What a malformed call was is the model's, and is kept with the answer alone.
  const word = said === undefined || cause !== 'empty' ? {} : { said };
  return { cause, part, ...word, times: (before?.times ?? 0) + 1 };
}

/**
 * The turn after one more answer that the model goes on from.
 *
 * @param digests - of the calls in it, where one of them is run; those that were cut off among them.
 */
export function withAnswer(turn: Turn, cut: AnswerCut | null, digests: CallDigests | null): Turn {
  if (digests === null) return cut === null ? turn : withCut(turn, cut);
  const next = withRound(turn, digests);
  // With other calls than before there is progress, whatever was cut off beside them.
  const isStuck = cut !== null && digests.round === turn.lastRound;
  return isStuck ? { ...next, cut: cutRun(cut, turn.cut) } : next;
}

/** Whether an answer without the call that it is said to end with is taken for whole after all: so was the one before. */
export function isSettled(turn: Turn, cut: AnswerCut | null): boolean {
  return cut?.cause === 'missing' && turn.cut?.cause === 'missing';
}

/** A message is a new instruction: what was done before it is not counted. The model that stands in goes on. */
export function withMessage(turn: Turn): Turn {
  return { ...FRESH_TURN, detour: turn.detour };
}

/** Why the turn has to end before the next model request, as clients are told; null: it may go on. */
export function limitReached(turn: Turn, limits: TurnLimits): SessionError | null {
  const { rounds, repeatedCalls, continuations } = limits;
  if (continuations !== null && turn.cut !== null && turn.cut.times > continuations)
    return cutError(turn.cut);
  const repeated = Math.max(turn.calls, turn.sameRounds);
  if (repeatedCalls !== null && repeated >= repeatedCalls) {
    return toolUseLimit(
      `The agent made the same tool call ${repeated} times in a row, and ${repeatedCalls} is the limit. Send a message to go on.`,
    );
  }
  if (rounds !== null && turn.rounds >= rounds) {
    return toolUseLimit(
      `The agent used tools in ${turn.rounds} model requests of one turn, and ${rounds} is the limit. Send a message to go on.`,
    );
  }
  return null;
}

function cutError({ cause, part, said, times }: CutRun): SessionError {
  const often = times === 1 ? '' : `, ${times} times in a row`;
  if (part === 'call') {
    return toolUseLimit(
      `${LIMITS[cause]} cut the agent's tool call off before it was complete${often}; no such call was run. Send a message to go on, ask for smaller steps, or use a model with a larger output limit.`,
    );
  }
  if (cause === 'malformed') {
    return requestFailed(
      `The model wrote a tool call that cannot be read${often}. Send a message to go on, or use another model.`,
    );
  }
  if (cause === 'missing') {
    return requestFailed(
      `The model's answer was to end with a tool call, but none came${often}. Send a message to go on, or use another model.`,
    );
  }
  if (part === 'text') {
    return requestFailed(
      cause === 'pause'
        ? `The model paused in its answer${often}. Send a message to go on.`
        : `${LIMITS[cause]} cut the model's answer off${often}; the answer above is not complete. Send a message to go on, or use a model with a larger output limit.`,
    );
  }
  if (cause === 'empty' || cause === 'pause') {
    const word = said === undefined ? '' : ` (the server’s reason: ${said})`;
    return requestFailed(
      `The model gave an empty answer${part === 'thinking' ? ' after thinking' : ''}${often}${word}. Send a message to try again, or use another model.`,
    );
  }
  return requestFailed(
    `${LIMITS[cause]} was reached${part === 'thinking' ? ' while the model was still thinking' : ' before the model said anything'}${often}, so there is no answer. Choose a lower effort, raise max_output_tokens of the model, or ask for less at once.`,
  );
}

function toolUseLimit(message: string): SessionError {
  return { type: 'tool_use_limit_reached_error', message, retry_status: { type: 'exhausted' } };
}

function requestFailed(message: string): SessionError {
  return { type: 'model_request_failed_error', message, retry_status: { type: 'exhausted' } };
}
