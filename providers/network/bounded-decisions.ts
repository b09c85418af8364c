import type { EgressDecision, MissedDecisions } from './egress-decision.ts';

/** A browser with many tabs, or a package manager, asks for some dozen connections at once. */
const PER_SECOND = 50;
const SECOND_MS = 1_000;
/** A reason quotes what a client sent, which may be long. */
const REASON_CHARACTERS = 300;

/** Tells of one session's decisions no faster than a log can take. */
export interface BoundedDecisions {
  decided(decision: EgressDecision): void;
  /** Tells at once what is only counted so far. */
  flush(): void;
}

/**
 * A session may ask for thousands of connections in a second. Of each second the first decisions are told as they are, and of the others
 * how many there were.
 */
export function boundDecisions(
  tell: (told: EgressDecision | MissedDecisions) => void,
  perSecond = PER_SECOND,
): BoundedDecisions {
  let told = 0;
  let missed: MissedDecisions = { missed: 0, refused: 0 };
  let second: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(second);
    second = undefined;
    told = 0;
    if (missed.missed > 0) tell(missed);
    missed = { missed: 0, refused: 0 };
  }

  return {
    decided(decision) {
      second ??= setTimeout(flush, SECOND_MS).unref();
      if (told < perSecond) {
        told++;
        tell(shortened(decision));
        return;
      }
      missed.missed++;
      if (decision.decision === 'refused') missed.refused++;
    },
    flush,
  };
}

function shortened(decision: EgressDecision): EgressDecision {
  const { reason } = decision;
  if (reason === undefined || reason.length <= REASON_CHARACTERS) return decision;
  return { ...decision, reason: `${reason.slice(0, REASON_CHARACTERS).toWellFormed()}…` };
}
