import type { HandsQueue } from '../../activities/dependencies.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ScriptedProvider } from '../harness/scripted-provider.ts';
import {
  createScriptedRunner,
  customResult,
  userConfirmation,
  userInterrupt,
  userMessage,
  type ScriptedRunner,
  type SessionLab,
} from '../harness/session-lab.ts';

export interface Stage {
  lab: SessionLab;
  provider: ScriptedProvider;
  runner: ScriptedRunner;
  /** Opens what a command `wait` waits for. */
  release: () => void;
  hosts: StageHosts;
}

/** Answers where a session's tool calls go, in this order; then that it is not known. */
export interface StageHosts {
  readonly answers: HandsQueue[];
  queueFor(): Promise<HandsQueue | null>;
}

export function createStageHosts(): StageHosts {
  const answers: HandsQueue[] = [];
  return { answers, queueFor: async () => answers.shift() ?? null };
}

export interface Scenario {
  /** Also the name of its recorded histories. */
  name: string;
  /** History events after which a run continues as new. */
  historyBudget?: number;
  /** Plays it to a rest and returns the session. */
  play(stage: Stage): Promise<string>;
}

/** Tools of the scenarios: `bash` runs, `write` asks a person, `lookup` is the client's own. */
export const AGENT: JsonObject = {
  tools: [
    {
      type: 'agent_toolset_20260401',
      default_config: { enabled: true, permission_policy: { type: 'always_allow' } },
      configs: [
        { type: 'write', name: 'write', enabled: true, permission_policy: { type: 'always_ask' } },
        { type: 'read', name: 'read', enabled: false, permission_policy: { type: 'always_allow' } },
      ],
    },
    { type: 'custom', name: 'lookup', description: 'The client looks up.', input_schema: { type: 'object' } },
  ],
};

/**
 * A runner whose commands answer at once, save `wait` (until released), `hang` (until aborted) and `deaf` (hears no abort, until
 * released). Returns the function that releases.
 */
export function createStageRunner(): { runner: ScriptedRunner; release: () => void } {
  let waiting: (() => void)[] = [];
  const untilReleased = async () => new Promise<void>((resolve) => waiting.push(resolve));
  const runner = createScriptedRunner(async (_name, { command }, signal) => {
    if (command === 'deaf') await untilReleased();
    if (command === 'wait') await Promise.race([untilReleased(), untilAborted(signal)]);
    if (command === 'hang') await untilAborted(signal);
    if (command === 'broken') throw new Error('the runner is broken');
    const text = command === 'long' ? 'x'.repeat(20_000) : `ran ${JSON.stringify(command)}`;
    return { content: [{ type: 'text', text }], isError: false };
  });
  const release = () => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  return { runner, release };
}

async function begin({ lab }: Stage, order: string): Promise<string> {
  const { id } = await lab.createSession(AGENT, [userMessage(order)]);
  return id;
}

/** Ids of the tool uses that the newest idle names. */
export async function waitingFor(lab: SessionLab, sessionId: string): Promise<string[]> {
  const { stop } = await lab.rest(sessionId);
  return stop?.type === 'requires_action' ? stop.event_ids : [];
}

/** Every shape that a session's history can have. */
export const SCENARIOS: Scenario[] = [
  {
    name: 'a plain turn',
    async play(stage) {
      const id = await begin(stage, 'hello');
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'parallel tools and a refused one',
    async play(stage) {
      const id = await begin(stage, 'call bash,bash,read,bash');
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'answers that are cut off',
    async play(stage) {
      const id = await begin(stage, 'cut text,thinking,call,text');
      await stage.lab.rest(id);
      await stage.lab.send(id, [userMessage('hello')]);
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'a host that is gone',
    async play(stage) {
      const here = { taskQueue: stage.lab.services.taskQueue, patienceMs: 20_000 };
      stage.hosts.answers.push({ taskQueue: 'a queue that nobody polls', patienceMs: 300 }, here);
      const id = await begin(stage, 'call bash');
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'large contents',
    async play(stage) {
      const id = await begin(stage, 'run long');
      await stage.lab.rest(id);
      await stage.lab.send(id, [userMessage('write 20000')]);
      await stage.lab.rest(id);
      await stage.lab.send(id, [userMessage('x'.repeat(20_000))]);
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'a conversation that is compacted',
    async play({ lab }) {
      const agent = { ...AGENT, model: { id: 'claude-small' } };
      const { id } = await lab.createSession(agent, [userMessage('write 30000')]);
      await lab.rest(id);
      await lab.send(id, [userMessage('chain 2')]);
      await lab.rest(id);
      return id;
    },
  },
  {
    name: 'a question allowed',
    async play(stage) {
      const id = await begin(stage, 'call write');
      const [call = ''] = await waitingFor(stage.lab, id);
      await stage.lab.send(id, [userConfirmation(call, 'allow')]);
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'a question denied',
    async play(stage) {
      const id = await begin(stage, 'call write');
      const [call = ''] = await waitingFor(stage.lab, id);
      await stage.lab.send(id, [userConfirmation(call, 'deny')]);
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'two questions answered one by one',
    async play(stage) {
      const id = await begin(stage, 'call write,bash,write');
      const [first = '', second = ''] = await waitingFor(stage.lab, id);
      await stage.lab.send(id, [userConfirmation(first, 'deny')]);
      await stage.lab.rest(id);
      await stage.lab.send(id, [userConfirmation(second, 'allow')]);
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'a custom tool',
    async play(stage) {
      const id = await begin(stage, 'call lookup,bash');
      const [call = ''] = await waitingFor(stage.lab, id);
      await stage.lab.send(id, [customResult(call, 'found')]);
      await stage.lab.rest(id);
      await stage.lab.send(id, [customResult(call, 'found twice')]);
      return id;
    },
  },
  {
    name: 'an interrupt in a model call',
    async play(stage) {
      const id = await begin(stage, 'hang');
      await stage.lab.see(id, 'span.model_request_start');
      await stage.lab.send(id, [userInterrupt(), userMessage('hello')]);
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'an interrupt in a command',
    async play(stage) {
      const before = stage.runner.runs.length;
      const id = await begin(stage, 'run hang');
      await until(() => stage.runner.runs.length > before);
      await stage.lab.send(id, [userMessage('dropped'), userInterrupt()]);
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'an interrupt that a command does not hear',
    async play(stage) {
      const before = stage.runner.runs.length;
      const id = await begin(stage, 'run deaf');
      await until(() => stage.runner.runs.length > before);
      await stage.lab.send(id, [userInterrupt()]);
      await stage.lab.rest(id);
      stage.release();
      await stage.lab.send(id, [userMessage('hello')]);
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'an interrupt that an allowed command does not hear',
    async play(stage) {
      const before = stage.runner.runs.length;
      const { id } = await stage.lab.createSession({ tools: [{ ...toolset('always_ask') }] }, [
        userMessage('run deaf'),
      ]);
      const [call = ''] = await waitingFor(stage.lab, id);
      await stage.lab.send(id, [userConfirmation(call, 'allow')]);
      await until(() => stage.runner.runs.length > before);
      await stage.lab.send(id, [userInterrupt()]);
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'an interrupt on a question',
    async play(stage) {
      const id = await begin(stage, 'call write,lookup');
      await waitingFor(stage.lab, id);
      await stage.lab.send(id, [userInterrupt()]);
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'an interrupt of an idle session',
    async play(stage) {
      const id = await begin(stage, 'hello');
      await stage.lab.rest(id);
      await stage.lab.send(id, [userInterrupt()]);
      await stage.lab.send(id, [userMessage('hello')]);
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'a request refused by the provider',
    async play(stage) {
      const id = await begin(stage, 'refuse');
      await stage.lab.rest(id);
      await stage.lab.send(id, [userMessage('hello')]);
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'a provider that stumbles',
    async play(stage) {
      const id = await begin(stage, 'stumble');
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'messages during a turn',
    async play(stage) {
      const before = stage.runner.runs.length;
      const id = await begin(stage, 'run wait');
      await until(() => stage.runner.runs.length > before);
      await stage.lab.send(id, [userMessage('first'), userMessage('second')]);
      stage.release();
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'a turn across several runs',
    historyBudget: 60,
    async play(stage) {
      const id = await begin(stage, 'chain 12');
      await stage.lab.rest(id);
      return id;
    },
  },
  {
    name: 'a budget that is reached and removed',
    async play({ lab }) {
      const budget = { type: 'limit' as const, max_list_cost: { amount: '1', currency: 'USD' as const } };
      const { id } = await lab.createSession(AGENT, [userMessage('chain 1')], budget);
      await lab.rest(id);
      await lab.setBudget(id, null);
      await lab.rest(id);
      return id;
    },
  },
  {
    name: 'a run taken over in a new epoch',
    async play(stage) {
      const id = await begin(stage, 'call write');
      const [call = ''] = await waitingFor(stage.lab, id);
      await stage.lab.client.workflow.getHandle(id).terminate('lost');
      await stage.lab.send(id, [userConfirmation(call, 'allow')], 'untold');
      await stage.lab.sweepUntilRest(id);
      return id;
    },
  },
];

function toolset(policy: 'always_allow' | 'always_ask'): JsonObject {
  return {
    type: 'agent_toolset_20260401',
    default_config: { enabled: true, permission_policy: { type: policy } },
    configs: [],
  };
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('what was waited for did not come');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function untilAborted(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
