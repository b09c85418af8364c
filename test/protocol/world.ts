import type { Budget } from '../../core/journal/view.ts';
import { toolKey } from '../../core/journal/attempt.ts';
import type { UnansweredOpening } from '../../core/journal/open-tool.ts';
import { unanswered } from '../../core/journal/call-states.ts';
import { applyEvent, type SessionEvent } from '../../core/session/apply-event.ts';
import { atStepBoundary, carriedState, nextStep, type Command } from '../../core/session/next-step.ts';
import { initialState, type SessionState } from '../../core/session/state.ts';
import { createInMemoryJournal, type StoredSession } from '../../providers/store/in-memory/journal.ts';
import { NO_LIMITS, type TurnLimits } from '../../core/journal/turn.ts';
import { STEP_USAGE } from './step-usage.ts';
import type { Budgets, Script } from './scripts.ts';

export const SESSION = 'sesn_test';
export const THREAD = 'sthr_test';

/** One attempt of an activity. `current`: Temporal waits for it; else it is a zombie whose report nobody reads. */
export interface Attempt {
  command: Command;
  epoch: number;
  fence: number;
  stage: 'new' | 'opened' | 'resumed' | 'dispatched' | 'reports';
  report: { outcome: Extract<SessionEvent, { kind: 'completed' }>['outcome']; standing: boolean } | null;
  arrived: number;
  current: boolean;
  /** An opening of a tool call whose answer was lost. */
  unanswered: UnansweredOpening | null;
}

/** One thing that can happen next. `system`: it happens by itself, without a client, a fault or a zombie. */
export interface Transition {
  label: string;
  system: boolean;
  run: () => Promise<void>;
}

/** A tool call in the sandbox: its record, and how often its side effect happened. */
interface Box {
  record: 'running' | 'done' | 'abandoned' | null;
  effects: number;
}

/** Everything that exists in a simulated session: the product's journal and workflow state; Temporal and the sandbox are played. */
export class World {
  readonly journal = createInMemoryJournal(() => ++this.clock);
  readonly budgets: Budgets;
  readonly menu: readonly (readonly string[])[];
  readonly boxes = new Map<string, Box>();
  readonly ids = { event: () => this.newId('e') };
  readonly limits: TurnLimits;
  workflow: SessionState | null = null;
  attempts: Attempt[] = [];
  /** The run has used its budget: it continues as new before it begins another step. */
  full = false;
  /** Nothing can break but answers: then every call that may run runs once. */
  readonly exact: boolean;
  /** A reset happened: signals of before it are applied again. */
  wasReset = false;
  /** A workflow was lost or reset, so that workflow and store may differ. */
  disturbed = false;
  private clock = 1_000;
  private fence = 0;
  private lastId = 0;

  constructor(script: Script) {
    this.budgets = { ...script.budgets };
    this.menu = script.menu;
    const { deaths, zombies, losses, resets, interrupts, toolFailures } = script.budgets;
    this.exact = [deaths, zombies, losses, resets, interrupts, toolFailures].every((left) => !left);
    this.limits = script.limits ?? NO_LIMITS;
  }

  async begin(script: Script): Promise<void> {
    const session = {
      id: SESSION,
      workspaceId: 'w',
      threadId: THREAD,
      agent: {},
      agentId: 'agent_test',
      agentVersion: 1,
      agentName: 'tester',
      environmentId: 'env_test',
      title: null,
      metadata: {},
      vaultIds: [],
      budget: script.responses === undefined ? null : budgetOf(script.responses),
    };
    await this.journal.createSession(session, () => ({ writes: null, result: null }));
    this.workflow = initialState({ epoch: 1, threadId: THREAD, resync: false, flag: false });
  }

  get stored(): StoredSession {
    const session = this.journal.sessions.get(SESSION);
    if (!session) throw new Error('no session');
    return session;
  }

  /** Feeds the workflow, which schedules what it asks for. */
  apply(event: SessionEvent): void {
    if (!this.workflow) return;
    this.workflow = applyEvent(this.workflow, event);
    this.advance();
  }

  advance(): void {
    if (!this.workflow) return;
    if (this.full && atStepBoundary(this.workflow)) {
      this.workflow = carriedState(this.workflow);
      this.full = false;
    }
    const { state, commands } = nextStep(this.workflow);
    this.workflow = state;
    this.need(state.step < 40, 'livelock: steps grow without end');
    for (const command of commands) this.schedule(command);
  }

  schedule(command: Command): void {
    const epoch = this.workflow?.epoch ?? 0;
    this.attempts.push({
      command,
      epoch,
      fence: ++this.fence,
      stage: 'new',
      report: null,
      arrived: 0,
      current: true,
      unanswered: null,
    });
  }

  drop(attempt: Attempt): void {
    this.attempts = this.attempts.filter((candidate) => candidate !== attempt);
  }

  /** All attempts become zombies; those that could only report are gone. */
  orphanAttempts(): void {
    this.attempts = this.attempts.filter(
      (attempt) => attempt.stage !== 'reports' && attempt.command.kind !== 'kill',
    );
    for (const attempt of this.attempts) attempt.current = false;
  }

  boxOf(tool: string): Box {
    let box = this.boxes.get(tool);
    if (!box) this.boxes.set(tool, (box = { record: null, effects: 0 }));
    return box;
  }

  journaled() {
    return this.stored.events
      .filter((event) => event.seq !== null)
      .sort((left, right) => (left.seq ?? 0) - (right.seq ?? 0));
  }

  queued() {
    return this.stored.events.filter((event) => !event.processed);
  }

  /** Whether an interrupt newer than `arrival` is queued. */
  interruptedSince(arrival: number): boolean {
    return this.queued().some((event) => event.type === 'user.interrupt' && (event.arrival ?? 0) > arrival);
  }

  calls() {
    return [...this.stored.calls.values()]
      .filter((call) => !call.resolved)
      .map((call) => ({ ...call, row: this.stored.steps.get(toolKey(call.id)) ?? null }));
  }

  /** The test's own reading of a budget that is used up. */
  atCap(): boolean {
    const { budget } = this.stored.resource;
    const used = this.stored.head.usage.list_cost_nano_usd;
    return budget !== null && used / 1e7 >= Number(budget.max_list_cost.amount);
  }

  /** The test's own reading of rule 7 of the design. */
  busy(): boolean {
    if (this.stored.head.status === 'running') return true;
    const queued = this.queued();
    if (queued.some((event) => event.type !== 'user.message')) return true;
    return queued.length > 0 && unanswered(this.calls()).length === 0;
  }

  newId(prefix: string): string {
    return `${prefix}${++this.lastId}`;
  }

  left(budget: keyof Budgets): boolean {
    return (this.budgets[budget] ?? 0) > 0;
  }

  spend(budget: keyof Budgets): void {
    this.budgets[budget] = (this.budgets[budget] ?? 0) - 1;
  }

  need(condition: boolean, complaint: string): void {
    if (!condition) throw new Error(complaint);
  }
}

/** A budget that so many responses use up. */
export function budgetOf(responses: number): Budget {
  const cents = (responses * STEP_USAGE.list_cost_nano_usd) / 1e7;
  return { type: 'limit', max_list_cost: { amount: String(cents), currency: 'USD' } };
}
