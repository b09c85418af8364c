import type { IncomingModelRequest, RequestSummary } from './format.ts';
import { Scenario, Script, type ReadScenario, type ReadScript } from './script.ts';

/** A request as a test's own function sees it. */
export interface ReceivedRequest extends RequestSummary, IncomingModelRequest {
  n: number;
  format: string;
}

export type Respond = (request: ReceivedRequest) => Script | undefined;

export interface Choice {
  script: ReadScript;
  /** From 1 within a scenario's step, else 0. */
  attempt: number;
}

/** Decides which script answers a request: its scenario, else the function, else the queue, else the default. */
export interface ScriptBook {
  push(...scripts: Script[]): void;
  addScenario(scenario: Scenario): void;
  setDefault(script: Script | undefined): void;
  choose(request: ReceivedRequest): Choice | undefined;
  clear(): void;
}

export function createScriptBook(respond?: Respond): ScriptBook {
  let queue: ReadScript[] = [];
  let scenarios: ReadScenario[] = [];
  let standard: ReadScript | undefined;
  let attempts = new Map<string, number>();

  const fromScenario = (request: ReceivedRequest): Choice | undefined => {
    const scenario = scenarios.findLast(({ when }) => request.firstUserText.includes(when));
    if (scenario === undefined) return undefined;
    const step = stepAt(scenario, request.answers);
    if (step === undefined) return undefined;
    const key = `${scenario.when}\n${request.answers}`;
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    const script = Array.isArray(step) ? (step[attempt - 1] ?? step.at(-1)) : step;
    return script === undefined ? undefined : { script: filledIn(script, request), attempt };
  };

  return {
    push(...scripts) {
      queue.push(...scripts.map((script) => Script.parse(script)));
    },
    addScenario(scenario) {
      scenarios.push(Scenario.parse(scenario));
    },
    setDefault(script) {
      standard = script === undefined ? undefined : Script.parse(script);
    },
    choose(request) {
      const scenario = fromScenario(request);
      if (scenario !== undefined) return scenario;
      const answer = respond?.(request);
      const script = answer === undefined ? (queue.shift() ?? standard) : Script.parse(answer);
      return script === undefined ? undefined : { script: filledIn(script, request), attempt: 0 };
    },
    clear() {
      queue = [];
      scenarios = [];
      attempts = new Map();
      standard = undefined;
    },
  };
}

function stepAt(scenario: ReadScenario, answers: number): ReadScenario['steps'][number] | undefined {
  let first = 0;
  for (const step of scenario.steps) {
    const times = Array.isArray(step) ? 1 : (step.times ?? 1);
    if (answers < first + times) return step;
    first += times;
  }
  return undefined;
}

function filledIn(script: ReadScript, request: ReceivedRequest): ReadScript {
  const text = JSON.stringify(script.blocks);
  if (!text.includes('{{')) return script;
  const filled = text.replaceAll('{{step}}', String(request.answers)).replaceAll('{{n}}', String(request.n));
  return Script.parse({ ...script, blocks: JSON.parse(filled) });
}
