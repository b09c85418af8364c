import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectJournalInHistory, expectSoundLog } from '../harness/journal-check.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userMessage, type SessionLab } from '../harness/session-lab.ts';
import { createStageSandbox } from '../harness/stage-sandbox.ts';
import { createSessionHistory } from '../../providers/engine/session-history.ts';
import { AGENT } from '../replay/scenarios.ts';

const CALLS = 300;
const BUDGET = 200;

describe('a long turn', () => {
  const sandbox = createStageSandbox();
  let lab: SessionLab;
  beforeAll(async () => {
    lab = await startSessionLab({
      provider: createScriptedProvider(),
      runner: sandbox,
      historyBudget: BUDGET,
    });
    await lab.startWorker();
  });
  afterAll(async () => lab.stop());

  it('goes on across many runs, each of bounded length, and its journal is whole', async () => {
    const { id } = await lab.createSession(AGENT, [userMessage(`chain ${CALLS}`)]);
    await lab.rest(id, 110_000);
    await expectSoundLog(lab, id);
    const types = await lab.types(id);
    expect(types.filter((type) => type === 'agent.tool_result')).toHaveLength(CALLS);
    expect(types.filter((type) => type === 'session.status_idle')).toHaveLength(1);
    expect([...sandbox.effects.values()]).toEqual(Array.from({ length: CALLS }, () => 1));
    await expectJournalInHistory(lab, id);
    const runs = await createSessionHistory(lab.client, lab.blobs).runs(id);
    expect(runs.length).toBeGreaterThan(3);
    // A run ends at the first step boundary beyond its budget, which one step's events can exceed.
    for (const { events } of runs) expect(events?.length ?? 0).toBeLessThan(BUDGET + 40);
  });
});
