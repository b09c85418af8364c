import { createScriptedProvider } from '../test/harness/scripted-provider.ts';
import { startServices } from '../test/harness/services.ts';
import { startSessionLab, userMessage } from '../test/harness/session-lab.ts';
import { createStageSandbox } from '../test/harness/stage-sandbox.ts';
import { AGENT } from '../test/replay/scenarios.ts';

/**
 * One turn of many tool calls, one after another: is a step as fast in the end as at the start? A step is one model call and one tool
 * call. Prints the median time per step around some of them. `node bench/long-turn.ts [CALLS]`.
 */
const calls = Number(process.argv[2] ?? 2_000);
const MARKS = [10, 100, 1_000, 2_000, 5_000, 10_000];
/** Steps on either side of a mark. */
const AROUND = 10;

const services = await startServices();
const sandbox = createStageSandbox();
const lab = await startSessionLab({
  provider: createScriptedProvider(),
  runner: sandbox,
  services: {
    ...services,
    taskQueue: 'long-turn',
    temporalNamespace: 'default',
    stop: async () => undefined,
  },
});
try {
  await lab.startWorker();
  const begun = performance.now();
  const { id } = await lab.createSession(AGENT, [userMessage(`chain ${calls}`)]);
  await lab.rest(id, 3_600_000);
  const seconds = (performance.now() - begun) / 1_000;
  const ends: number[] = [];
  for (let after = 0; ;) {
    const events = await lab.journal.eventsAfter(id, after, 1_000);
    if (events.length === 0) break;
    for (const { type, processedAt, seq } of events) {
      if (type === 'agent.tool_result') ends.push(processedAt ?? 0);
      after = seq ?? after;
    }
  }
  console.log(`${ends.length} steps in ${seconds.toFixed(1)} s`);
  for (const mark of [...MARKS, calls].filter(
    (step, index, all) => step <= calls && all.indexOf(step) === index,
  )) {
    const from = Math.max(1, mark - AROUND);
    const times = ends.slice(from, mark + AROUND).map((end, index) => end - (ends[from + index - 1] ?? end));
    times.sort((left, right) => left - right);
    console.log(`step ${mark}: ${times[Math.floor(times.length / 2)] ?? 0} ms`);
  }
} finally {
  await lab.stop();
  await services.stop();
}
