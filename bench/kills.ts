import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { startService, type Part } from '../test/harness/service.ts';
import { startScriptedModelServer } from '../test/scripted-model-server/index.ts';
import { quantile } from './series.ts';

/**
 * How long runs wait after every process of the service was killed with `kill -9` at a random moment: `npm run bench:kills -- 300`. With
 * the name of a part (`bench:kills -- 30 temporal`) that one alone is killed, and comes back by itself; a third argument says how many
 * sessions are at work (`bench:kills -- 300 everything 2`).
 * Counted from the moment at which the service says again that it is ready until the session is idle; what is left of a turn takes
 * some tenths of a second. Then each session is told something more, since an attempt that was lost after its commit holds up the next
 * message. Sessions take turns without a pause, so that the kill finds them anywhere: right after a POST, between two
 * steps, in a model's answer, in a command, in the start of a sandbox. They are followed by their streams: reading them again and
 * again would take the processors from what is measured.
 */
const KILLS = Number(process.argv[2] ?? 300);
const KILLED = partOf(process.argv[3] ?? 'everything');
/** Sessions at work at once. Six keep two processors busy until the last of them rests; what they wait for then is each other. */
const LANES = Number(process.argv[4] ?? 6);
/** The kill comes at most this long after the sessions were set to work, milliseconds. */
const LATEST_KILL_MS = 2_500;
/** A lane goes on with its session this often before it takes a new one. */
const TURNS_PER_SESSION = 4;
const SLOW_MS = 3_000;
const HOPELESS_MS = 120_000;

interface Lane {
  sessionId: string | null;
  turns: number;
  /** When the last message was sent, and when it was answered. */
  postedAt: number;
}

const models = await startScriptedModelServer({
  // Every turn is one command and one answer.
  respond: ({ answers }) =>
    answers % 2 === 0
      ? {
          blocks: [
            { type: 'tool_use', name: 'bash', input: { command: `sleep 0.${randomInt(4)}; echo done` } },
          ],
        }
      : { blocks: [{ type: 'text', tokens: 20 }], gapMs: 5 },
});
const service = await startService({
  MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
  ANTHROPIC_API_KEY: 'scripted',
});
const client = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 0 });
try {
  await bench();
} finally {
  await service.stop();
  await models.close();
}

async function bench(): Promise<void> {
  await firstStartIsOver();
  console.log(`This machine adds up 100 million numbers in ${additions().toFixed(0)} ms.`);
  const environment = await client.beta.environments.create({ name: 'bench' });
  const agent = await client.beta.agents.create({
    name: 'bench',
    model: 'claude-scripted',
    tools: [{ type: 'agent_toolset_20260401' }],
  });
  const newSession = async () =>
    (await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id })).id;
  const lanes = Array.from({ length: LANES }, (): Lane => ({ sessionId: null, turns: 0, postedAt: 0 }));
  const waits: number[] = [];
  const nextTurns: number[] = [];
  const starts: number[] = [];
  const busy: number[] = [];
  let slow = 0;

  for (let kill = 1; kill <= KILLS; kill++) {
    const stop = new AbortController();
    const working = Promise.all(lanes.map((lane) => work(lane, newSession, stop.signal)));
    await delay(randomInt(200, LATEST_KILL_MS));
    stop.abort();
    const killedAt = performance.now();
    await service.kill(KILLED);
    await working;
    await service.ready();
    const readyAt = performance.now();
    const load = processorTimes();
    starts.push(readyAt - killedAt);
    await Promise.all(
      lanes.map(async (lane, index) => {
        if (lane.sessionId === null) return;
        await rest(lane.sessionId);
        const restedAt = performance.now();
        await say(lane.sessionId);
        await rest(lane.sessionId);
        const waited = restedAt - readyAt;
        const nextTurn = performance.now() - restedAt;
        waits.push(waited);
        nextTurns.push(nextTurn);
        if (waited <= SLOW_MS && nextTurn <= SLOW_MS) return;
        slow++;
        const posted = killedAt - lane.postedAt;
        console.log(
          `kill ${kill}, lane ${index}: ${lane.sessionId} waited ${(waited / 1000).toFixed(1)} s, and its next turn took ${(nextTurn / 1000).toFixed(1)} s; its last POST was ${posted.toFixed(0)} ms before the kill`,
        );
      }),
    );
    busy.push(busySince(load));
    if (kill % 20 === 0 || kill === KILLS) report(kill, { starts, waits, nextTurns }, { slow, busy });
  }
  if (models.violations().length > 0) throw new Error(`invalid model requests: ${models.violations()[0]}`);
}

/** A service that is new here bundles its decoder some seconds after the start. Kills come to services that have been at work. */
async function firstStartIsOver(): Promise<void> {
  const runtime = path.join(service.dataDir, 'runtime');
  const end = performance.now() + HOPELESS_MS;
  while (!readdirSync(runtime).some((name) => /^decoder-[0-9a-f]+$/.test(name))) {
    if (performance.now() > end) throw new Error(`the decoder did not come to ${runtime}`);
    await delay(100);
  }
}

function processorTimes(): { idle: number; total: number } {
  const times = cpus().map((processor) => processor.times);
  const total = times.reduce(
    (sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq,
    0,
  );
  return { idle: times.reduce((sum, { idle }) => sum + idle, 0), total };
}

/** Which part of the processors' time since then was used, by whatever ran. */
function busySince(then: { idle: number; total: number }): number {
  const now = processorTimes();
  return 1 - (now.idle - then.idle) / (now.total - then.total);
}

/** How fast one processor is here, milliseconds: what is above is to be compared with. */
function additions(): number {
  const began = performance.now();
  let sum = 0;
  for (let index = 0; index < 100_000_000; index++) sum = (sum * 31 + index) | 0;
  return sum === 1 ? 0 : performance.now() - began;
}

/** Takes turns until the kill. Requests that the kill breaks off are nobody's fault; any other error ends the bench. */
async function work(lane: Lane, newSession: () => Promise<string>, signal: AbortSignal): Promise<void> {
  try {
    while (!signal.aborted) {
      if (lane.sessionId === null || lane.turns >= TURNS_PER_SESSION) {
        lane.sessionId = await newSession();
        lane.turns = 0;
      }
      lane.turns++;
      lane.postedAt = performance.now();
      await say(lane.sessionId);
      await rest(lane.sessionId, signal);
      await delay(randomInt(50));
    }
  } catch (error) {
    if (!signal.aborted || !(error instanceof Anthropic.APIError)) throw error;
  }
}

async function say(sessionId: string): Promise<void> {
  await client.beta.sessions.events.send(sessionId, {
    events: [{ type: 'user.message', content: [{ type: 'text', text: 'go' }] }],
  });
}

/** Waits until the session is idle, or until `signal` aborts. */
async function rest(sessionId: string, signal?: AbortSignal): Promise<void> {
  const stop = AbortSignal.any([AbortSignal.timeout(HOPELESS_MS), ...(signal === undefined ? [] : [signal])]);
  while (!stop.aborted) {
    try {
      // What happens between the two is on the stream.
      const stream = await client.beta.sessions.events.stream(sessionId, {}, { signal: stop });
      if ((await client.beta.sessions.retrieve(sessionId)).status === 'idle') {
        stream.controller.abort();
        return;
      }
      for await (const event of stream) if (event.type === 'session.status_idle') return;
    } catch (error) {
      if (stop.aborted) break;
      // The stream breaks with a TypeError of fetch when the service is killed.
      if (!(error instanceof Anthropic.APIError) && !(error instanceof TypeError)) throw error;
    }
    await delay(40);
  }
  if (signal?.aborted !== true)
    throw new Error(`${sessionId} did not come to rest in ${HOPELESS_MS / 1000} s`);
}

function report(
  kills: number,
  series: { starts: readonly number[]; waits: readonly number[]; nextTurns: readonly number[] },
  { slow, busy }: { slow: number; busy: readonly number[] },
): void {
  const line = (values: readonly number[]): string =>
    [0.5, 0.9, 0.99, 1].map((share) => (quantile(values, share) / 1000).toFixed(2).padStart(6)).join(' ');
  console.log(
    `${kills} kills of ${KILLED}, ${series.waits.length} runs; seconds     p50    p90    p99    max`,
  );
  console.log(`  from the kill to ready again         ${line(series.starts)}`);
  console.log(`  from ready to idle                   ${line(series.waits)}`);
  console.log(`  one more turn after that             ${line(series.nextTurns)}`);
  console.log(
    `  runs over ${SLOW_MS / 1000} s: ${slow}; processors busy from ready on: ${(quantile(busy, 0.5) * 100).toFixed(0)} % (p50)`,
  );
}

function partOf(name: string): Part | 'everything' {
  const parts = ['everything', 'supervisor', 'postgres', 'temporal', 'api', 'worker'] as const;
  const part = parts.find((candidate) => candidate === name);
  if (part === undefined)
    throw new Error(`${name} is no part of the service; one of ${parts.join(', ')} is.`);
  return part;
}
