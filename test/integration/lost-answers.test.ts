import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cuttingProxy, type CuttingProxy } from '../harness/cutting-proxy.ts';
import { expectJournalInHistory, expectSoundLog } from '../harness/journal-check.ts';
import { createJournalFaults } from '../harness/journal-faults.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userMessage, type SessionLab } from '../harness/session-lab.ts';
import { createStageSandbox } from '../harness/stage-sandbox.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';
import { AGENT } from '../replay/scenarios.ts';

/** The wire to PostgreSQL is cut in the middle of a COMMIT of the activities. */
describe('a turn whose database connection breaks while it commits', () => {
  const faults = createJournalFaults();
  const sandbox = createStageSandbox();
  let services: TestServices;
  let proxy: CuttingProxy;
  let lab: SessionLab;

  beforeAll(async () => {
    services = await startTestServices();
    proxy = await cuttingProxy(services.postgresUrl);
    lab = await startSessionLab({
      provider: createScriptedProvider(),
      runner: sandbox,
      services: { ...services, postgresUrl: proxy.url },
      faults: (journal) => faults.wrap(journal),
    });
    await lab.startWorker();
  });
  afterAll(async () => {
    await lab.stop();
    await proxy.close();
    await services.stop();
  });

  it.each(
    (['before it arrives', 'before it is answered'] as const).flatMap((when) =>
      [1, 2, 3, 4, 5].map((nth) => ({ when, nth })),
    ),
  )('runs its call once and says so, when transaction $nth breaks $when', async ({ when, nth }) => {
    const cuts = proxy.cuts();
    const effects = sandbox.effects.size;
    const { id } = await lab.createSession(AGENT);
    let count = 0;
    faults.onTransaction = async (moment, request) => {
      if (request.sessionId === id && moment === 'before' && ++count === nth) proxy.cutNextCommit(when);
    };
    await lab.send(id, [userMessage('run 0')]);
    await lab.rest(id);
    faults.onTransaction = null;
    expect(proxy.cuts()).toBe(cuts + 1);
    await expectSoundLog(lab, id);
    await expectJournalInHistory(lab, id);
    const log = await lab.journal.eventsAfter(id, 0, 1_000);
    const results = log.filter((event) => event.type === 'agent.tool_result');
    expect(results.map((event) => event.body['is_error'])).toEqual([false]);
    expect(sandbox.effects.size - effects).toBe(1);
    expect(log.filter((event) => event.type === 'agent.message')).toHaveLength(1);
  });
});
