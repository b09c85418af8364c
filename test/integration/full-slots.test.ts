import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGate } from '../../providers/gate/gate.ts';
import { createWaitingRoom } from '../../providers/gate/waiting-room.ts';
import { gatedProvider } from '../../providers/model/gated-provider.ts';
import { createScriptedProvider, type ScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userInterrupt, userMessage, type SessionLab } from '../harness/session-lab.ts';
import { AGENT, createStageRunner } from '../replay/scenarios.ts';

/** Far more than an interrupt takes, and far less than the others wait, which is for ever. */
const SOON_MS = 20_000;

/** A worker that runs two activities at once, and more sessions whose calls never end by themselves. */
describe('while all slots of the worker are taken', () => {
  let provider: ScriptedProvider;
  let lab: SessionLab;
  let release: () => void;

  beforeEach(async () => {
    provider = createScriptedProvider();
    const stage = createStageRunner();
    release = stage.release;
    lab = await startSessionLab({ provider, runner: stage.runner, slots: 2 });
    await lab.startWorker();
  });
  afterEach(async () => {
    release();
    await lab.stop();
  });

  /** Sessions that begin with these orders. */
  async function begin(orders: readonly string[]): Promise<string[]> {
    const sessions: string[] = [];
    for (const order of orders) sessions.push((await lab.createSession(AGENT, [userMessage(order)])).id);
    return sessions;
  }

  const isAsking = async (id: string): Promise<boolean> =>
    (await lab.types(id)).includes('span.model_request_start');

  it('sessions are interrupted: one whose model is asked, and one that waits for a slot', async () => {
    const sessions = await begin(['hang', 'hang', 'hang', 'hang', 'hang']);
    await expect.poll(() => provider.requests, { timeout: SOON_MS }).toBe(2);
    const asking: string[] = [];
    const waiting: string[] = [];
    for (const id of sessions) ((await isAsking(id)) ? asking : waiting).push(id);
    for (const [id = ''] of [waiting, asking]) {
      await lab.send(id, [userInterrupt()]);
      const head = await lab.rest(id, SOON_MS);
      expect(head.stop).toEqual({ type: 'end_turn' });
    }
    // The slot goes to another one that waited.
    await expect.poll(() => provider.requests, { timeout: SOON_MS }).toBe(3);
  });

  it('a session whose command runs is interrupted', async () => {
    const [running = ''] = await begin(['run hang']);
    await lab.see(running, 'agent.tool_use');
    await begin(['hang', 'hang', 'hang', 'hang']);
    await expect.poll(() => provider.requests, { timeout: SOON_MS }).toBe(2);
    await lab.send(running, [userInterrupt()]);
    const head = await lab.rest(running, SOON_MS);
    expect(head.stop).toEqual({ type: 'end_turn' });
    expect(await lab.types(running)).toContain('agent.tool_result');
  });
});

it('a workspace whose models hang leaves slots for the first message of another', async () => {
  const provider = createScriptedProvider();
  const lab = await startSessionLab({ provider, runner: createStageRunner().runner, slots: 10 });
  try {
    await lab.startWorker();
    for (let count = 0; count < 14; count++) await lab.createSession(AGENT, [userMessage('hang')]);
    await expect.poll(() => provider.requests, { timeout: SOON_MS }).toBe(9);
    const { id } = await lab.createSession(AGENT, [userMessage('hello')], null, 'another');
    const head = await lab.rest(id, SOON_MS);
    expect(head.stop).toEqual({ type: 'end_turn' });
    expect(provider.requests).toBe(10);
  } finally {
    await lab.stop();
  }
});

it('a step that only waits for a server with few slots comes again without a trace in its session, and can be interrupted meanwhile', async () => {
  const provider = createScriptedProvider();
  const gate = createGate(1);
  const room = createWaitingRoom(1);
  let reserved = 0;
  const lab = await startSessionLab({
    provider: gatedProvider(provider, gate),
    runner: createStageRunner().runner,
    reserve() {
      reserved++;
      return room.reserve(gate);
    },
  });
  try {
    await lab.startWorker();
    const sessions: string[] = [];
    for (let count = 0; count < 4; count++)
      sessions.push((await lab.createSession(AGENT, [userMessage('hang')])).id);
    // Two of them came again, and found no room again.
    await expect.poll(() => reserved, { timeout: SOON_MS }).toBeGreaterThanOrEqual(6);
    const spans = await Promise.all(
      sessions.map(async (id) => (await lab.types(id)).filter((type) => type.startsWith('span.'))),
    );
    expect(spans.sort((one, other) => one.length - other.length)).toEqual([
      [],
      [],
      ['span.model_request_start'],
      ['span.model_request_start'],
    ]);
    expect(provider.requests).toBe(1);
    for (const id of sessions) {
      await lab.send(id, [userInterrupt()]);
      expect((await lab.rest(id, SOON_MS)).stop).toEqual({ type: 'end_turn' });
    }
  } finally {
    await lab.stop();
  }
});
