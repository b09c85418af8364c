import { NO_LIMITS, type TurnLimits } from '../../core/journal/turn.ts';

/** How often each thing may happen in one run. */
export interface Budgets {
  messages?: number;
  interrupts?: number;
  notes?: number;
  duplicates?: number;
  repeatedSignals?: number;
  deaths?: number;
  zombies?: number;
  /** Answers to openings of tool calls that are lost. */
  lostAnswers?: number;
  losses?: number;
  continuations?: number;
  resets?: number;
  toolFailures?: number;
  /** Raises of the session's budget, each by the price of one more response. */
  raises?: number;
  /** Moves to another model. */
  moves?: number;
  /** Openings that find the model known to be down, and begin with another. */
  outages?: number;
}

export interface Script {
  budgets: Budgets;
  /**
   * The model's choices after so many tool steps; afterwards it only answers. `p` is a plain tool call, `a` one that a person must
   * allow, `c` the client's own; `pa` are two calls at once; `final` is an answer, `exhausted` a provider that stays down, `moves` one for
   * which another stands in, `compact` a summary instead of an answer, once in a session. `text`, `thinking` and `cut-call` are answers that the
   * output limit cut off in these; each counts as a tool step.
   */
  menu: string[][];
  /** Responses that the session's budget pays for; without it there is no budget. */
  responses?: number;
  limits?: TurnLimits;
}

/** The scenarios of the protocol: what clients do, what the model does, what breaks. */
export const SCRIPTS: Record<string, Script> = {
  'two messages': {
    budgets: { messages: 2, deaths: 1, zombies: 1, repeatedSignals: 1, losses: 1, continuations: 1 },
    menu: [],
  },
  'a plain tool': {
    budgets: { messages: 1, deaths: 1, zombies: 2, repeatedSignals: 1 },
    menu: [['final', 'p']],
  },
  'plain tools and a lost workflow': {
    budgets: { messages: 1, zombies: 1, losses: 1 },
    menu: [
      ['final', 'p'],
      ['final', 'p'],
    ],
  },
  'tools whose openings get no answer': {
    budgets: { messages: 2, lostAnswers: 3, repeatedSignals: 1, continuations: 1 },
    menu: [
      ['p', 'pa'],
      ['final', 'a'],
    ],
  },
  'openings without an answer, zombies and an interrupt': {
    budgets: { messages: 1, lostAnswers: 2, zombies: 2, deaths: 1, interrupts: 1 },
    menu: [['p', 'pa']],
  },
  'openings without an answer and a lost workflow': {
    budgets: { messages: 1, lostAnswers: 2, zombies: 1, losses: 1, toolFailures: 1 },
    menu: [['p', 'a']],
  },
  'a tool that fails for good': {
    budgets: { messages: 1, toolFailures: 1, zombies: 1, deaths: 1, continuations: 1 },
    menu: [['p', 'pa']],
  },
  'an asked tool': { budgets: { messages: 2, deaths: 1, zombies: 1, repeatedSignals: 1 }, menu: [['a']] },
  'an asked tool and a lost workflow': { budgets: { messages: 2, losses: 1, zombies: 1 }, menu: [['a']] },
  'two waiting calls': { budgets: { messages: 1, deaths: 1, continuations: 1 }, menu: [['aa', 'ac']] },
  'a custom tool': {
    budgets: { messages: 2, repeatedSignals: 1, duplicates: 1, losses: 1 },
    menu: [['c']],
  },
  'an interrupt in a text': {
    budgets: { messages: 2, interrupts: 1, deaths: 1, repeatedSignals: 1, zombies: 1, continuations: 1 },
    menu: [],
  },
  'an interrupt and a lost workflow': {
    budgets: { messages: 2, interrupts: 1, losses: 1, zombies: 1 },
    menu: [],
  },
  'an interrupt in a plain tool': {
    budgets: { messages: 1, interrupts: 1, zombies: 1, deaths: 1, continuations: 1 },
    menu: [['p']],
  },
  'an interrupt in a plain tool and a lost workflow': {
    budgets: { messages: 1, interrupts: 1, losses: 1 },
    menu: [['p']],
  },
  'an interrupt on an asked tool': {
    budgets: { messages: 1, interrupts: 1, deaths: 1, repeatedSignals: 1, continuations: 1 },
    menu: [['a']],
  },
  'an interrupt on an asked tool and a lost workflow': {
    budgets: { messages: 1, interrupts: 1, losses: 1 },
    menu: [['a']],
  },
  'an interrupt on a custom tool': {
    budgets: { messages: 1, interrupts: 1, deaths: 1, duplicates: 1, repeatedSignals: 1 },
    menu: [['c']],
  },
  'an interrupt on all kinds at once': {
    budgets: { messages: 2, interrupts: 1, continuations: 1 },
    menu: [['pac']],
  },
  'two interrupts': {
    budgets: { messages: 2, interrupts: 2, repeatedSignals: 1 },
    menu: [['p', 'final']],
  },
  'an exhausted provider': {
    budgets: { messages: 2, interrupts: 1, deaths: 1, losses: 1 },
    menu: [['final', 'exhausted']],
  },
  'a conversation that is compacted': {
    budgets: { messages: 2, deaths: 1, zombies: 1, repeatedSignals: 1, losses: 1, continuations: 1 },
    menu: [['compact', 'final']],
  },
  'a compaction between tools, and an interrupt': {
    budgets: { messages: 2, interrupts: 1, deaths: 1, zombies: 1, continuations: 1 },
    menu: [
      ['p', 'a'],
      ['compact', 'final'],
    ],
  },
  'a compaction and a reset': {
    budgets: { messages: 2, resets: 1, interrupts: 1 },
    menu: [['compact', 'final', 'p']],
  },
  'an internal row': { budgets: { messages: 2, notes: 1, interrupts: 1, deaths: 1 }, menu: [] },
  'an internal row on an asked tool': { budgets: { messages: 1, notes: 1, interrupts: 1 }, menu: [['a']] },
  'a reset': { budgets: { messages: 2, resets: 1, interrupts: 1 }, menu: [['final', 'p']] },
  'a reset on an asked tool': {
    budgets: { messages: 1, resets: 1, zombies: 1 },
    menu: [['a', 'ac']],
  },
  'two rounds of tools': {
    budgets: { messages: 1, interrupts: 1, zombies: 1, continuations: 2 },
    menu: [
      ['p', 'a'],
      ['final', 'c'],
    ],
  },
  'a budget of one response': {
    budgets: { messages: 2, raises: 2, deaths: 1, zombies: 1, repeatedSignals: 1 },
    menu: [['final', 'p']],
    responses: 1,
  },
  'a budget and plain tools that fail': {
    budgets: { messages: 1, raises: 1, toolFailures: 1, deaths: 1, continuations: 1 },
    menu: [['p', 'pa']],
    responses: 1,
  },
  'a budget and an asked tool': {
    budgets: { messages: 2, raises: 1, interrupts: 1, losses: 1 },
    menu: [['a', 'ac']],
    responses: 1,
  },
  'a budget and the custom tool': {
    budgets: { messages: 2, raises: 1, duplicates: 1, zombies: 1 },
    menu: [['c', 'final']],
    responses: 1,
  },
  'a budget, interrupts and a reset': {
    budgets: { messages: 2, raises: 2, interrupts: 2, resets: 1, notes: 1 },
    menu: [['p', 'final']],
    responses: 1,
  },
  'a limit of rounds': {
    budgets: { messages: 2, interrupts: 1, deaths: 1, zombies: 1, continuations: 1 },
    menu: [['p'], ['p', 'a'], ['p']],
    limits: { ...NO_LIMITS, rounds: 1 },
  },
  'a limit of repeated calls': {
    budgets: { messages: 2, losses: 1, toolFailures: 1 },
    menu: [['p', 'a'], ['p', 'c'], ['p']],
    limits: { ...NO_LIMITS, repeatedCalls: 2 },
  },
  'answers that are cut off': {
    budgets: { messages: 2, interrupts: 1, deaths: 1, zombies: 1, repeatedSignals: 1, continuations: 1 },
    menu: [
      ['text', 'thinking', 'cut-call'],
      ['text', 'thinking', 'cut-call', 'p', 'final'],
    ],
  },
  'answers that are cut off again and again, and a lost workflow': {
    budgets: { messages: 2, losses: 1, resets: 1, deaths: 1 },
    menu: [
      ['text', 'cut-call'],
      ['thinking', 'cut-call', 'a'],
      ['text', 'cut-call'],
    ],
    limits: { ...NO_LIMITS, continuations: 1 },
  },
  'an answer that is cut off, a budget and a model that stands in': {
    budgets: { messages: 2, raises: 2, moves: 1, interrupts: 1, zombies: 1 },
    menu: [
      ['text', 'moves', 'cut-call'],
      ['text', 'p', 'final'],
    ],
    responses: 1,
    limits: { ...NO_LIMITS, continuations: 2 },
  },
  'models that stand in': {
    budgets: { messages: 2, moves: 3, outages: 1, interrupts: 1, deaths: 1, zombies: 1, losses: 1 },
    menu: [
      ['final', 'p', 'moves'],
      ['final', 'moves', 'exhausted'],
    ],
  },
  'a model that stands in, a budget and a limit': {
    budgets: { messages: 2, moves: 2, outages: 1, raises: 1, deaths: 1, zombies: 1, continuations: 1 },
    menu: [
      ['p', 'moves', 'a'],
      ['p', 'final', 'moves'],
    ],
    responses: 2,
    limits: { ...NO_LIMITS, rounds: 2 },
  },
};
