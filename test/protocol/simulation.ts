import { accept, type AcceptEvent } from '../../core/journal/accept.ts';
import { stepKey, toolKey } from '../../core/journal/attempt.ts';
import { callStates, unanswered } from '../../core/journal/call-states.ts';
import { commitStep, type StepAnswer } from '../../core/journal/commit-step.ts';
import { commitTool } from '../../core/journal/commit-tool.ts';
import type { Decision } from '../../core/journal/decision.ts';
import { openSession } from '../../core/journal/open-session.ts';
import { openStep } from '../../core/journal/open-step.ts';
import { openTool } from '../../core/journal/open-tool.ts';
import type { StepOutcome } from '../../core/journal/outcome.ts';
import { settle } from '../../core/journal/settle.ts';
import type { CallKind } from '../../core/journal/view.ts';
import { newEvent } from '../../core/journal/wire-event.ts';
import { applyEvent, type SessionEvent } from '../../core/session/apply-event.ts';
import { atStepBoundary, carriedState, nextStep, type Command } from '../../core/session/next-step.ts';
import { initialState, type OpenActivity, type SessionState } from '../../core/session/state.ts';
import { createInMemoryJournal, type StoredSession } from '../../providers/store/in-memory/journal.ts';
import type { Budgets, Script } from './scripts.ts';

export const SESSION = 'sesn_test';
const THREAD = 'sthr_test';
const NO_USAGE = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_5m_input_tokens: 0,
  cache_creation_1h_input_tokens: 0,
  list_cost_nano_usd: 0,
};

/** One attempt of an activity. `current`: Temporal waits for it; else it is a zombie whose report nobody reads. */
interface Attempt {
  command: Command;
  epoch: number;
  fence: number;
  stage: 'new' | 'opened' | 'resumed' | 'dispatched' | 'reports';
  report: { outcome: StepOutcome; standing: boolean } | null;
  arrived: number;
  current: boolean;
}

/** One thing that can happen next. `system`: it happens by itself, without a client, a fault or a zombie. */
export interface Transition {
  label: string;
  system: boolean;
  run: () => Promise<void>;
}

/**
 * A session under a scheduler of the test's own: every transaction, workflow task, sandbox call and delivery is one transition, and
 * any order of them may be tried. The rules are the product's; only Temporal and the sandbox are played.
 */
export class Simulation {
  readonly journal = createInMemoryJournal(() => ++this.clock);
  readonly trace: string[] = [];
  readonly budgets: Budgets;
  private readonly menu: readonly (readonly string[])[];
  private clock = 1_000;
  private fence = 0;
  private ids = 0;
  private workflow: SessionState | null = null;
  private attempts: Attempt[] = [];
  private readonly box = new Map<
    string,
    { record: 'running' | 'done' | 'abandoned' | null; effects: number }
  >();
  private wasReset = false;
  /** A workflow was lost or reset, so that workflow and store may differ. */
  private disturbed = false;

  constructor(script: Script) {
    this.budgets = { ...script.budgets };
    this.menu = script.menu;
  }

  async begin(): Promise<void> {
    await this.journal.createSession(
      {
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
        budget: null,
      },
      () => ({ writes: null, result: null }),
    );
    this.workflow = initialState({ epoch: 1, threadId: THREAD, resync: false, flag: false });
  }

  get stored(): StoredSession {
    const session = this.journal.sessions.get(SESSION);
    if (!session) throw new Error('no session');
    return session;
  }

  /** Everything that can happen now. */
  transitions(): Transition[] {
    return [...this.clientRequests(), ...this.deliveries(), ...this.attemptSteps(), ...this.faults()];
  }

  // --- clients

  private clientRequests(): Transition[] {
    const out: Transition[] = [];
    const open = unanswered(this.calls());
    const send = (label: string, event: AcceptEvent, budget?: keyof Budgets) =>
      out.push({
        label,
        system: false,
        run: async () => {
          if (budget) this.spend(budget);
          await this.accept(event);
        },
      });
    if (this.left('messages') && !(this.stored.head.status === 'idle' && open.length > 0)) {
      send('accept message', this.event('user.message', { content: [] }), 'messages');
    }
    if (this.left('interrupts')) send('accept interrupt', this.event('user.interrupt', {}), 'interrupts');
    if (this.left('notes')) {
      out.push({
        label: 'accept internal row',
        system: false,
        run: async () => {
          this.spend('notes');
          const session = this.stored;
          session.head = { ...session.head, lastArrival: session.head.lastArrival + 1 };
          session.events.push({
            ...{ id: this.newId('note'), type: 'internal.note', arrival: session.head.lastArrival },
            ...{ seq: null, threadId: THREAD, ref: null, body: {}, detail: null, stepKey: null },
            ...{ processedAt: null, processed: false, signalled: false },
          });
        },
      });
    }
    for (const call of open) {
      if (call.kind === 'ask') {
        for (const answer of ['allow', 'deny'] as const) {
          const event = this.event('user.tool_confirmation', { tool_use_id: call.id, result: answer });
          send(`accept ${answer} ${call.id}`, {
            ...event,
            ref: call.id,
            confirmation: { answer, denyMessage: null },
          });
        }
      } else {
        const event = this.event('user.custom_tool_result', { custom_tool_use_id: call.id });
        send(`accept custom result ${call.id}`, { ...event, ref: call.id });
      }
    }
    if (this.left('duplicates')) {
      for (const call of this.stored.calls.values()) {
        if (call.kind !== 'custom' || !call.resolved) continue;
        const event = this.event('user.custom_tool_result', { custom_tool_use_id: call.id });
        send(`accept duplicate result ${call.id}`, { ...event, ref: call.id }, 'duplicates');
      }
    }
    return out;
  }

  private async accept(event: AcceptEvent): Promise<void> {
    const named = event.ref === undefined ? [] : [event.ref];
    const { result } = await this.journal.transact(
      { sessionId: SESSION, named, caller: 'client' },
      (view) => {
        const { writes, accepted } = accept(view, [event], 1_000, this.idSource);
        return { writes, result: accepted };
      },
    );
    for (const accepted of result) {
      if (accepted.finished) await this.journal.markSignalled(SESSION, [accepted.arrival]);
    }
  }

  // --- deliveries to the workflow

  private deliveries(): Transition[] {
    const out: Transition[] = [];
    const { workflow } = this;
    if (workflow) {
      for (const event of this.stored.events) {
        if (event.arrival === null || event.signalled) continue;
        const { arrival, type, ref } = event;
        const deliver = () =>
          this.apply({
            kind: 'signalled',
            event: { arrival, type, ref, allow: event.body['result'] === 'allow' },
          });
        out.push({
          label: `signal ${type} ${ref ?? ''}`,
          system: true,
          run: async () => {
            await this.journal.markSignalled(SESSION, [arrival]);
            deliver();
          },
        });
        if (this.left('repeatedSignals')) {
          out.push({
            label: `signal ${type} ${ref ?? ''}, acknowledgement lost`,
            system: false,
            run: async () => {
              this.spend('repeatedSignals');
              deliver();
            },
          });
        }
      }
    } else if (this.busy()) {
      out.push({
        label: 'sweeper: lost, new epoch',
        system: true,
        run: async () => {
          const session = this.stored;
          session.head = { ...session.head, epoch: session.head.epoch + 1 };
          this.workflow = initialState({
            epoch: session.head.epoch,
            threadId: THREAD,
            resync: true,
            flag: false,
          });
          this.advance();
        },
      });
    }
    for (const attempt of this.attempts) {
      if (attempt.stage !== 'reports' || !attempt.current) continue;
      out.push({
        label: `workflow gets ${name(attempt)}: ${attempt.report?.outcome.kind ?? 'done'}`,
        system: true,
        run: async () => {
          this.drop(attempt);
          const activity = toActivity(attempt.command);
          if (attempt.report) this.apply({ kind: 'completed', activity, ...attempt.report });
          else this.apply({ kind: 'failed', activity, ended: false, message: 'killed' });
        },
      });
    }
    if (workflow?.interrupt && this.attempts.some((attempt) => attempt.current && cancellable(attempt))) {
      out.push({
        label: 'workflow cancels open activities',
        system: true,
        run: async () => {
          this.need(
            this.wasReset || this.queued().some((event) => event.type === 'user.interrupt'),
            'a late interrupt signal cancels a healthy turn',
          );
          for (const attempt of this.attempts) if (cancellable(attempt)) attempt.current = false;
          this.attempts = this.attempts.filter((attempt) => attempt.current || attempt.stage !== 'reports');
          this.apply({ kind: 'cancelled' });
        },
      });
    }
    for (const [tool, box] of this.box) {
      if (box.record !== 'running') continue;
      out.push({
        label: `command ${tool} ends`,
        system: true,
        run: async () => {
          box.record = 'done';
        },
      });
    }
    return out;
  }

  private apply(event: SessionEvent): void {
    if (!this.workflow) return;
    this.workflow = applyEvent(this.workflow, event);
    this.advance();
  }

  private advance(): void {
    if (!this.workflow) return;
    const { state, commands } = nextStep(this.workflow);
    this.workflow = state;
    this.need(state.step < 40, 'livelock: steps grow without end');
    for (const command of commands) this.schedule(command);
  }

  private schedule(command: Command): void {
    const epoch = this.workflow?.epoch ?? 0;
    this.attempts.push({
      ...{ command, epoch, fence: ++this.fence, stage: 'new', report: null, arrived: 0, current: true },
    });
  }

  // --- attempts of activities

  private attemptSteps(): Transition[] {
    return this.attempts.flatMap((attempt) => this.stepsOf(attempt));
  }

  private stepsOf(attempt: Attempt): Transition[] {
    const { command, stage } = attempt;
    if (stage === 'reports') {
      if (attempt.current) return [];
      return [
        { label: `${name(attempt)} reports to nobody`, system: false, run: async () => this.drop(attempt) },
      ];
    }
    const step = (what: string, run: () => Promise<void>): Transition => ({
      label: `${name(attempt)} ${what}`,
      system: attempt.current,
      run: async () => {
        if (command.kind !== 'kill' && attempt.epoch < this.stored.head.epoch) return this.drop(attempt);
        return run();
      },
    });
    switch (command.kind) {
      case 'callModel':
        if (stage === 'new') return [step('opens', () => this.openModel(attempt, command))];
        return this.answers(attempt).map((answer) =>
          step(`commits ${answer}`, () => this.commitModel(attempt, command, answer)),
        );
      case 'settle':
        return [
          step('settles', async () => {
            const { step: number, reason, seals, failure } = command;
            const attemptOf = { ...this.stepAttempt(attempt, number, seals), reason, failure };
            this.report(
              attempt,
              await this.decide(attempt, stepKey(THREAD, number), (view) =>
                settle(view, attemptOf, this.idSource),
              ),
            );
          }),
        ];
      case 'openSession':
        return [
          step('reads', async () => {
            const { result } = await this.journal.transact(
              { sessionId: SESSION, epoch: attempt.epoch, caller: 'activity' },
              (view) => ({ writes: null, result: openSession(view) }),
            );
            attempt.stage = 'reports';
            attempt.report = { outcome: result, standing: false };
          }),
        ];
      case 'kill':
        return [
          step('kills', async () => {
            const box = this.boxOf(command.toolUseId);
            if (box.record !== 'done') box.record = 'abandoned';
            attempt.stage = 'reports';
          }),
        ];
      case 'runTool':
        return this.toolSteps(attempt, command.toolUseId, step);
    }
  }

  private async openModel(attempt: Attempt, command: Extract<Command, { kind: 'callModel' }>): Promise<void> {
    const decision = await this.decide(attempt, stepKey(THREAD, command.step), (view) =>
      openStep(view, this.stepAttempt(attempt, command.step, command.seals), this.idSource),
    );
    if (decision.kind === 'opened') {
      this.checkTranscript();
      attempt.arrived = decision.arrived;
      attempt.stage = 'opened';
    } else this.report(attempt, decision);
  }

  private async commitModel(
    attempt: Attempt,
    command: Extract<Command, { kind: 'callModel' }>,
    answer: string,
  ): Promise<void> {
    const held = this.stored.steps.get(stepKey(THREAD, command.step));
    const decision = await this.decide(attempt, stepKey(THREAD, command.step), (view) =>
      commitStep(
        view,
        this.stepAttempt(attempt, command.step, command.seals),
        this.toAnswer(answer, attempt),
        this.idSource,
      ),
    );
    this.need(
      held === undefined || held.outcome !== null || attempt.fence >= held.fence || decision.kind === 'stale',
      `${name(attempt)} commits a step that a later attempt holds`,
    );
    this.report(attempt, decision);
  }

  private toolSteps(
    attempt: Attempt,
    tool: string,
    step: (what: string, run: () => Promise<void>) => Transition,
  ): Transition[] {
    const box = this.boxOf(tool);
    const key = toolKey(tool);
    const toolAttempt = {
      ...{
        sessionId: SESSION,
        threadId: THREAD,
        epoch: attempt.epoch,
        fence: attempt.fence,
        toolUseId: tool,
      },
    };
    const commit = async () => {
      const event = newEvent({ id: this.newId('result'), type: 'agent.tool_result', tool_use_id: tool });
      this.report(
        attempt,
        await this.decide(attempt, key, (view) =>
          commitTool(view, toolAttempt, { event, isError: false }, this.idSource),
        ),
      );
    };
    if (attempt.stage === 'new') {
      return [
        step('opens', async () => {
          const decision = await this.decide(attempt, key, (view) =>
            openTool(view, toolAttempt, this.idSource),
          );
          if (decision.kind !== 'opened') return this.report(attempt, decision);
          attempt.arrived = decision.arrived;
          if (!decision.resumed) this.checkStart(tool);
          attempt.stage = decision.resumed ? 'resumed' : 'opened';
        }),
      ];
    }
    const out: Transition[] = [];
    const row = this.stored.steps.get(key);
    const interrupted = this.queued().some(
      (event) => event.type === 'user.interrupt' && (event.arrival ?? 0) > (row?.arrived ?? 0),
    );
    if (interrupted && row?.outcome === null && box.record !== 'done') {
      out.push(
        step('kills, commits', async () => {
          box.record = 'abandoned';
          await commit();
        }),
      );
    }
    if (attempt.stage === 'opened') {
      out.push(
        step('dispatches', async () => {
          if (box.record !== null) {
            attempt.stage = 'resumed';
            return;
          }
          this.need(box.effects === 0, `side effect of ${tool} twice`);
          box.record = 'running';
          box.effects++;
          attempt.stage = 'dispatched';
        }),
      );
    } else if (attempt.stage === 'resumed') {
      out.push(
        step('re-attaches', async () => {
          box.record ??= 'abandoned';
          attempt.stage = 'dispatched';
        }),
      );
    } else if (box.record === 'done' || box.record === 'abandoned') {
      out.push(step('commits', commit));
    }
    return out;
  }

  /** Runs a rule as the activities do: in a transaction with the attempt's epoch and row. */
  private async decide(
    attempt: Attempt,
    rowKey: string,
    rule: (view: Parameters<typeof openStep>[0]) => Decision,
  ): Promise<Decision> {
    const { result } = await this.journal.transact(
      { sessionId: SESSION, epoch: attempt.epoch, rowKey, caller: 'activity' },
      (view) => {
        const decision = rule(view);
        return { writes: decision.writes, result: decision };
      },
    );
    return result;
  }

  private report(attempt: Attempt, decision: Decision): void {
    if (decision.kind === 'outcome' && attempt.current) {
      this.need(
        this.disturbed || decision.outcome.kind !== 'behind',
        `${name(attempt)} is behind, though nothing was lost or reset`,
      );
      attempt.stage = 'reports';
      attempt.report = { outcome: decision.outcome, standing: decision.standing };
      return;
    }
    this.need(
      !attempt.current || decision.kind !== 'stale',
      `the current attempt ${name(attempt)} is refused`,
    );
    this.drop(attempt);
  }

  // --- faults

  private faults(): Transition[] {
    const out: Transition[] = [];
    const fault = (label: string, budget: keyof Budgets, run: () => void) => {
      if (!this.left(budget)) return;
      out.push({
        label,
        system: false,
        run: async () => {
          this.spend(budget);
          run();
        },
      });
    };
    for (const attempt of this.attempts) {
      if (!attempt.current || attempt.command.kind === 'kill') continue;
      if (attempt.stage !== 'new') {
        fault(`worker dies in ${name(attempt)} (${attempt.stage})`, 'deaths', () => {
          this.drop(attempt);
          this.schedule(attempt.command);
        });
      }
      if (attempt.stage === 'reports') continue;
      fault(`worker stops in ${name(attempt)} (${attempt.stage})`, 'zombies', () => {
        attempt.current = false;
        this.schedule(attempt.command);
      });
      if (attempt.command.kind === 'runTool') {
        fault(`${name(attempt)} fails for good`, 'toolFailures', () => {
          attempt.current = false;
          const activity = toActivity(attempt.command);
          this.apply({ kind: 'failed', activity, ended: false, message: 'broken' });
        });
      }
    }
    if (!this.workflow) return out;
    fault('workflow database lost', 'losses', () => {
      this.disturbed = true;
      this.workflow = null;
      this.attempts = this.attempts.filter((attempt) => !attempt.current);
    });
    fault('workflow database lost, attempts go on', 'losses', () => {
      this.disturbed = true;
      this.workflow = null;
      this.orphan();
    });
    for (const back of [1, 2]) {
      fault(`Temporal reset by ${back}`, 'resets', () => {
        const { epoch = 0, step = 0 } = this.workflow ?? {};
        this.wasReset = true;
        this.disturbed = true;
        const state = initialState({ epoch, threadId: THREAD, resync: false, flag: true });
        this.workflow = { ...state, step: Math.max(0, step - back) };
        this.orphan();
        this.advance();
      });
    }
    if (atStepBoundary(this.workflow)) {
      fault('continue as new', 'continuations', () => {
        if (this.workflow) this.workflow = carriedState(this.workflow);
        this.advance();
      });
    }
    return out;
  }

  private orphan(): void {
    this.attempts = this.attempts.filter(
      (attempt) => attempt.stage !== 'reports' && attempt.command.kind !== 'kill',
    );
    for (const attempt of this.attempts) attempt.current = false;
  }

  // --- the model's answers

  private answers(attempt: Attempt): string[] {
    const steps = new Set(
      this.stored.events.filter((event) => isUse(event.type)).map((event) => event.stepKey),
    );
    const out = [...(this.menu[steps.size] ?? ['final'])];
    const interrupted = this.queued().some(
      (event) => event.type === 'user.interrupt' && (event.arrival ?? 0) > attempt.arrived,
    );
    if (interrupted) out.push('interrupted');
    return out;
  }

  private toAnswer(answer: string, attempt: Attempt): StepAnswer {
    if (answer === 'interrupted') return { kind: 'interrupted', arrival: attempt.arrived + 1 };
    if (answer === 'exhausted') {
      return {
        kind: 'exhausted',
        error: { type: 'unknown_error', message: 'down', retry_status: { type: 'exhausted' } },
      };
    }
    const letters = answer === 'final' ? [] : [...answer];
    const calls = letters.map((letter) => ({
      id: this.newId(letter),
      name: letter,
      label: letter,
      kind: ({ p: 'run', a: 'ask', c: 'custom' } as Record<string, CallKind>)[letter] ?? 'run',
    }));
    const events = calls.map((call) =>
      newEvent({
        id: call.id,
        type: call.kind === 'custom' ? 'agent.custom_tool_use' : 'agent.tool_use',
        name: call.name,
        input: {},
      }),
    );
    if (letters.length === 0) {
      events.push(newEvent({ id: this.newId('text'), type: 'agent.message', content: [] }));
    }
    return { kind: 'response', events, calls, refused: [], refusal: null, usage: NO_USAGE, label: '' };
  }

  // --- checks

  /** What is wrong with a resting state; null when it is a good one. */
  complaint(): string | null {
    const queued = this.queued();
    const calls = this.calls();
    const waiting = unanswered(calls);
    if (
      queued.some((event) => event.type !== 'user.message') ||
      (queued.length > 0 && waiting.length === 0)
    ) {
      return `events never processed: ${queued.map((event) => event.id).join()}`;
    }
    if ([...this.stored.steps.values()].some((row) => row.outcome === null)) return 'a steps row stays open';
    const empty = emptyTurn(this.journaled().map((event) => event.type));
    if (empty) return 'a turn was opened in which nothing happened';
    const { status, stop } = this.stored.head;
    if (status !== 'idle') return `the session stays ${status}`;
    if (waiting.length > 0 || stop?.type === 'requires_action') {
      const shown = stop?.type === 'requires_action' ? [...stop.event_ids].sort().join() : '';
      const actual = waiting
        .map((call) => call.id)
        .sort()
        .join();
      if (shown !== actual || calls.length !== waiting.length) {
        return `idle on ${shown}, unanswered ${actual}, open ${calls.length}`;
      }
      return null;
    }
    if (calls.length > 0) return `tool uses without a result: ${calls.map((call) => call.id).join()}`;
    return this.stored.thread.owed ? 'a message is never answered' : null;
  }

  private checkTranscript(): void {
    const pending = new Set<string>();
    for (const event of this.journaled()) {
      if (isUse(event.type)) pending.add(event.id);
      else if (event.type === 'agent.tool_result' || event.type === 'user.custom_tool_result') {
        pending.delete(event.ref ?? '');
      } else if (['user.message', 'agent.message', 'span.model_request_start'].includes(event.type)) {
        this.need(pending.size === 0, `${event.type} stands between a tool use and its result`);
      }
    }
  }

  private checkStart(tool: string): void {
    this.need(
      !this.queued().some((event) => event.type === 'user.interrupt'),
      `tool ${tool} starts after an interrupt was acknowledged`,
    );
    const log = this.journaled();
    const use = log.findIndex((event) => event.id === tool);
    this.need(
      !log.slice(use).some((event) => event.type === 'user.interrupt'),
      `tool ${tool} starts after an interrupt was stamped`,
    );
  }

  need(condition: boolean, complaint: string): void {
    if (!condition) throw new Error(complaint);
  }

  journaled() {
    return this.stored.events
      .filter((event) => event.seq !== null)
      .sort((left, right) => (left.seq ?? 0) - (right.seq ?? 0));
  }

  private queued() {
    return this.stored.events.filter((event) => !event.processed);
  }

  private calls() {
    return [...this.stored.calls.values()]
      .filter((call) => !call.resolved)
      .map((call) => ({ ...call, row: this.stored.steps.get(toolKey(call.id)) ?? null }));
  }

  private busy(): boolean {
    if (this.stored.head.status === 'running') return true;
    const queued = this.queued();
    if (queued.some((event) => event.type !== 'user.message')) return true;
    return queued.length > 0 && unanswered(this.calls()).length === 0;
  }

  describe(): string {
    const log = this.journaled().map((event) => `${event.type}${event.ref ? `(${event.ref})` : ''}`);
    return [
      ...this.trace.map((label, index) => `  ${index + 1}. ${label}`),
      `journal: ${log.join(' ')}`,
      `queue: ${this.queued()
        .map((event) => event.type)
        .join(' ')}`,
      `head: ${JSON.stringify(this.stored.head)} calls: ${JSON.stringify(callStates(this.calls()))}`,
      `workflow: ${JSON.stringify(this.workflow)}`,
    ].join('\n');
  }

  // --- small things

  private get idSource() {
    return { event: () => this.newId('e') };
  }

  private newId(prefix: string): string {
    return `${prefix}${++this.ids}`;
  }

  private event(type: string, body: Record<string, never[] | string>): AcceptEvent {
    const id = this.newId(type);
    return { id, type, body: { id, type, ...body } };
  }

  private stepAttempt(attempt: Attempt, step: number, seals: string[]) {
    return { sessionId: SESSION, epoch: attempt.epoch, threadId: THREAD, step, seals, fence: attempt.fence };
  }

  private boxOf(tool: string) {
    let box = this.box.get(tool);
    if (!box) this.box.set(tool, (box = { record: null, effects: 0 }));
    return box;
  }

  private drop(attempt: Attempt): void {
    this.attempts = this.attempts.filter((candidate) => candidate !== attempt);
  }

  private left(budget: keyof Budgets): boolean {
    return (this.budgets[budget] ?? 0) > 0;
  }

  private spend(budget: keyof Budgets): void {
    this.budgets[budget] = (this.budgets[budget] ?? 0) - 1;
  }
}

/** Whether a running pair is followed by an idle with neither input nor result between them. */
function emptyTurn(types: string[]): boolean {
  let content = true;
  for (const type of types) {
    if (type === 'session.status_running') content = false;
    else if (type === 'session.status_idle' && !content) return true;
    else if (/^user\.(message|tool_confirmation|interrupt)$|^agent\./.test(type)) content = true;
    else if (type === 'user.custom_tool_result') content = true;
  }
  return false;
}

function isUse(type: string): boolean {
  return type === 'agent.tool_use' || type === 'agent.custom_tool_use';
}

function cancellable(attempt: Attempt): boolean {
  return attempt.command.kind === 'callModel' || attempt.command.kind === 'runTool';
}

function name(attempt: Attempt): string {
  const { command } = attempt;
  const argument = 'toolUseId' in command ? command.toolUseId : 'step' in command ? command.step : '';
  return `${command.kind}(${argument})${attempt.current ? '' : ' zombie'}`;
}

function toActivity(command: Command): OpenActivity {
  switch (command.kind) {
    case 'callModel':
      return { kind: 'callModel', step: command.step };
    case 'settle':
      return { kind: 'settle', step: command.step, reason: command.reason };
    case 'runTool':
    case 'kill':
      return { kind: command.kind, toolUseId: command.toolUseId };
    case 'openSession':
      return { kind: 'openSession' };
  }
}
