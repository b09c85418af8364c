/** Models that failed in this turn, in order, and the one that stands in for them. */
export interface Detour {
  failed: string[];
  model: string;
}

/**
 * What the journal remembers of the turn under way, besides its events. `rounds`: answers of the model that asked for tools since the
 * last message. The digests name a call by its tool and input; `calls` counts how often in a row the last call came, `sameRounds` how
 * often in a row all the calls of the last round came.
 */
export interface Turn {
  rounds: number;
  lastCall: string;
  calls: number;
  lastRound: string;
  sameRounds: number;
  detour: Detour | null;
}

export const FRESH_TURN: Turn = {
  rounds: 0,
  lastCall: '',
  calls: 0,
  lastRound: '',
  sameRounds: 0,
  detour: null,
};

/** When a turn pauses by itself; null: never. */
export interface TurnLimits {
  /** Answers with tool calls after one message. */
  rounds: number | null;
  /** Times in a row that the same tool is called with the same input. */
  repeatedCalls: number | null;
}

export const NO_LIMITS: TurnLimits = { rounds: null, repeatedCalls: null };

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
  return { ...turn, rounds: turn.rounds + 1, lastCall, calls, lastRound: digests.round, sameRounds };
}

/** A message is a new instruction: what was done before it is not counted. The model that stands in goes on. */
export function withMessage(turn: Turn): Turn {
  return { ...FRESH_TURN, detour: turn.detour };
}

/** Why the turn has to pause before the next model request, in one sentence; null: it may go on. */
export function limitReached(turn: Turn, limits: TurnLimits): string | null {
  const { rounds, repeatedCalls } = limits;
  const repeated = Math.max(turn.calls, turn.sameRounds);
  if (repeatedCalls !== null && repeated >= repeatedCalls) {
    return `The agent made the same tool call ${repeated} times in a row, and ${repeatedCalls} is the limit. Send a message to go on.`;
  }
  if (rounds !== null && turn.rounds >= rounds) {
    return `The agent used tools in ${turn.rounds} model requests of one turn, and ${rounds} is the limit. Send a message to go on.`;
  }
  return null;
}
