/** How often each thing may happen in one run. */
export interface Budgets {
  messages?: number;
  interrupts?: number;
  notes?: number;
  duplicates?: number;
  repeatedSignals?: number;
  deaths?: number;
  zombies?: number;
  losses?: number;
  continuations?: number;
  resets?: number;
  toolFailures?: number;
}

export interface Script {
  budgets: Budgets;
  /**
   * The model's choices after so many tool steps; afterwards it only answers. `p` is a plain tool call, `a` one that a person must
   * allow, `c` the client's own; `pa` are two calls at once; `final` is an answer, `exhausted` a provider that stays down.
   */
  menu: string[][];
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
};
