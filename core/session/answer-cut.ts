import type { ModelResponse } from '../../providers/model/model-provider.ts';

/**
 * Why an answer is none that a turn can end with. `output_limit`, `context_limit`: it was cut off. `pause`: the vendor wants to be asked to
 * go on. `malformed`: the model wrote a tool call that nobody can read. `missing`: it is said to end with a tool call, and has none.
 * `empty`: the model stopped without having said or called anything.
 */
export type CutCause = 'output_limit' | 'context_limit' | 'pause' | 'malformed' | 'missing' | 'empty';

/** An answer that the model is asked to go on with. */
export interface AnswerCut {
  cause: CutCause;
  /** What it broke off in. `call`: a tool call that is never run, and no other call is. `nothing`: neither said nor thought anything. */
  part: 'text' | 'thinking' | 'call' | 'nothing';
  /** Why the call could not be read, or the word that the vendor ended with, in its own words. */
  said?: string;
}

const CAUSES: Partial<Record<ModelResponse['stop'], CutCause>> = {
  max_tokens: 'output_limit',
  context_overflow: 'context_limit',
  paused: 'pause',
  malformed_call: 'malformed',
  missing_call: 'missing',
};

type Answer = Pick<ModelResponse, 'blocks' | 'stop' | 'said'>;

/** How a response falls short of an answer; null where it does not, and where it is a refusal. Whole calls beside one that was cut off run. */
export function answerCut({ blocks, stop, said }: Answer): AnswerCut | null {
  if (stop === 'refusal') return null;
  const calls = blocks.flatMap((block) => (block.type === 'tool_use' ? [block] : []));
  const cause = CAUSES[stop];
  if (calls.length > 0) {
    const isCut = cause !== undefined && calls.some(({ input }) => input === null);
    return isCut ? { cause, part: 'call' } : null;
  }
  const words = said === undefined ? {} : { said: said.slice(0, MAX_SAID).toWellFormed() };
  if (blocks.some((block) => block.type === 'text' && /\S/.test(block.text))) {
    return cause === undefined ? null : { cause, part: 'text', ...words };
  }
  const part = blocks.some(({ type }) => type === 'thinking') ? 'thinking' : 'nothing';
  return { cause: cause === undefined || cause === 'missing' ? 'empty' : cause, part, ...words };
}

const MAX_SAID = 600;

/** What the model is told when it is asked to go on; null: the result of the call says it. */
export function cutNote({ cause, part, said }: AnswerCut): string | null {
  if (part === 'call') return null;
  if (cause === 'malformed') {
    const why = said === undefined ? '' : ` What the server said of it: ${said}`;
    return `[Your answer had a tool call that cannot be read, so it was left out. Call the tool again by its exact name, with arguments that fit its schema.${why}]`;
  }
  if (cause === 'missing') {
    return '[Your answer was to end with a tool call, but none came with it. Call the tool now, or finish your answer if there is nothing to call.]';
  }
  if (part === 'text') {
    return cause === 'pause'
      ? '[You paused here. Go on where you stopped.]'
      : `[${LIMITS[cause]} cut your answer off here. Go on exactly where it stops: repeat nothing, and say nothing about this note.]`;
  }
  if (cause === 'empty' || cause === 'pause') {
    return '[Your last answer was empty. Go on with what is left to do, or give your answer now.]';
  }
  return `[${LIMITS[cause]} cut your last answer off before you had said anything, so nothing of it is left. Think more briefly this time, and answer.]`;
}

/** The limit that an answer met, as the beginning of a sentence. */
export const LIMITS: Record<CutCause, string> = {
  output_limit: 'The output limit',
  context_limit: 'The end of the context window',
  pause: 'A pause',
  malformed: 'A fault',
  missing: 'A fault',
  empty: 'A fault',
};

/** Reads a cut as the journal keeps it; null where there is none. */
export function readAnswerCut(value: unknown): AnswerCut | null {
  if (typeof value !== 'object' || value === null) return null;
  return 'cause' in value && 'part' in value ? (value as AnswerCut) : null;
}
