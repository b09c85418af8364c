import type { StepAnswer } from '../../core/journal/commit-step.ts';
import type { CallKind } from '../../core/journal/view.ts';
import { newEvent } from '../../core/journal/wire-event.ts';
import type { AnswerCut } from '../../core/session/answer-cut.ts';
import { compactedEvent } from '../../core/session/context/compacted-event.ts';
import { isUse } from './checks.ts';
import { STEP_USAGE } from './step-usage.ts';
import type { Attempt, World } from './world.ts';

const COMPACTED = 'agent.thread_context_compacted';
const KINDS: Record<string, CallKind> = { p: 'run', a: 'ask', c: 'custom' };

/** Answers that fall short: a text that is cut off, thinking that takes everything, a call that is cut off. */
const CUTS: Record<string, AnswerCut> = {
  text: { cause: 'output_limit', part: 'text' },
  thinking: { cause: 'output_limit', part: 'thinking' },
  'cut-call': { cause: 'output_limit', part: 'call' },
};

function cutAnswer(world: World, answer: string): StepAnswer {
  const cut = CUTS[answer] ?? null;
  const id = world.newId(answer);
  const use = { id, type: 'agent.tool_use', name: 'p', input: {} } as const;
  const events = [
    newEvent(
      cut?.part === 'call'
        ? use
        : cut?.part === 'text'
          ? { id, type: 'agent.message', content: [] }
          : { id, type: 'agent.thinking' },
    ),
  ];
  return {
    kind: 'response',
    events,
    calls: [],
    refused: cut?.part === 'call' ? [{ id, text: 'cut off' }] : [],
    refusal: null,
    stopReason: 'max_tokens',
    cut,
    usage: STEP_USAGE,
    priced: true,
    speed: 'standard',
    digests: { calls: cut?.part === 'call' ? ['p'] : [], round: 'p' },
    label: '',
    model: 'm',
  };
}

/** What the model may answer now: the menu's choices for so many tool steps, and `interrupted` where one is queued. */
export function answersOf(world: World, attempt: Attempt): string[] {
  const steps = new Set(
    world.stored.events
      .filter((event) => isUse(event.type) || event.body['stop_reason'] === 'max_tokens')
      .map((event) => event.stepKey),
  );
  const menu = world.menu[steps.size] ?? ['final'];
  const compacted = world.journaled().some((event) => event.type === COMPACTED);
  const out = menu.filter(
    (answer) => (answer !== 'moves' || world.left('moves')) && (answer !== 'compact' || !compacted),
  );
  if (out.length === 0) out.push('final');
  if (world.interruptedSince(attempt.arrived)) out.push('interrupted');
  return out;
}

/** A choice of the menu as a step commits it. */
export function toAnswer(world: World, answer: string, attempt: Attempt): StepAnswer {
  if (answer === 'interrupted') return { kind: 'interrupted', arrival: attempt.arrived + 1, lost: null };
  if (answer === 'compact') {
    const event = compactedEvent(world.newId('k'), 'what was said', 1);
    return {
      kind: 'compacted',
      event,
      usage: STEP_USAGE,
      priced: true,
      speed: 'standard',
      label: '',
      model: 'm',
    };
  }
  if (answer === 'exhausted') {
    const error = { type: 'unknown_error', message: 'down', retry_status: { type: 'exhausted' } } as const;
    return { kind: 'exhausted', error, lost: null };
  }
  if (answer in CUTS) return cutAnswer(world, answer);
  const letters = answer === 'final' ? [] : answer.split('');
  const calls = letters.map((letter) => ({
    id: world.newId(letter),
    name: letter,
    label: letter,
    kind: KINDS[letter] ?? 'run',
  }));
  const events = calls.map(({ id, name, kind }) => {
    const type = kind === 'custom' ? 'agent.custom_tool_use' : 'agent.tool_use';
    return newEvent({ id, type, name, input: {} });
  });
  if (letters.length === 0) {
    events.push(newEvent({ id: world.newId('text'), type: 'agent.message', content: [] }));
  }
  return {
    kind: 'response',
    events,
    calls,
    refused: [],
    refusal: null,
    stopReason: letters.length > 0 ? 'tool_use' : 'end_turn',
    cut: null,
    usage: STEP_USAGE,
    priced: true,
    speed: 'standard',
    digests: { calls: letters, round: answer },
    label: '',
    model: 'm',
  };
}
