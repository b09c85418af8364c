import { afterAll, beforeAll, describe, it } from 'vitest';
import { expectJournalInHistory, expectSoundLog } from '../harness/journal-check.ts';
import { expectRebuilt } from '../harness/rebuilt-session.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab } from '../harness/session-lab.ts';
import { createStageHosts, createStageRunner, SCENARIOS, type Stage } from '../replay/scenarios.ts';

describe('a session in every shape', () => {
  const stages = new Map<number, Stage>();

  beforeAll(async () => {
    for (const budget of new Set(SCENARIOS.map((scenario) => scenario.historyBudget ?? 1_000))) {
      const provider = createScriptedProvider();
      const { runner, release } = createStageRunner();
      const hosts = createStageHosts();
      const lab = await startSessionLab({ provider, runner, hosts, historyBudget: budget });
      await lab.startWorker();
      stages.set(budget, { lab, provider, runner, release, hosts });
    }
  });
  afterAll(async () => {
    for (const { lab } of stages.values()) await lab.stop();
  });

  it.each(SCENARIOS)(
    'comes to rest with a sound log, which its histories give back: $name',
    async (scenario) => {
      const stage = stages.get(scenario.historyBudget ?? 1_000);
      if (!stage) throw new Error('no stage');
      const id = await scenario.play(stage);
      await expectSoundLog(stage.lab, id);
      await expectJournalInHistory(stage.lab, id);
      await expectRebuilt(stage.lab, id);
    },
  );
});
