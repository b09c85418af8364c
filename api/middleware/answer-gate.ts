import type { Response } from 'express';

/** Holds an answer back until what belongs to it has happened. */
export interface AnswerGate {
  /** The answer waits for `work`, which is under way and never rejects. */
  hold(work: Promise<void>): void;
  /** `begin` is called when the answer is complete, beside what is held already; the answer waits for it. It never rejects. */
  atEnd(begin: () => Promise<void>): void;
}

/**
 * Puts a gate before the end of an answer. What it waits for goes on at the same time: each of an audit entry and an acknowledgement of
 * Temporal takes milliseconds, and neither needs the other.
 */
export function gateOf(response: Response): AnswerGate {
  const held: Promise<void>[] = [];
  const begins: (() => Promise<void>)[] = [];
  const end = response.end.bind(response) as (...rest: unknown[]) => Response;
  let ended = false;
  response.end = (...rest: unknown[]) => {
    if (ended || held.length + begins.length === 0) return end(...rest);
    ended = true;
    void Promise.all([...held, ...begins.map(async (begin) => begin())]).then(() => end(...rest));
    return response;
  };
  return {
    hold: (work) => void held.push(work),
    atEnd: (begin) => void begins.push(begin),
  };
}
