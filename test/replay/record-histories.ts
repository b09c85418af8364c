import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { startServices } from '../harness/services.ts';
import { startSessionLab } from '../harness/session-lab.ts';
import { createSessionHistory } from '../../providers/engine/session-history.ts';
import { createStageHosts, createStageRunner, SCENARIOS, type Scenario } from './scenarios.ts';

/**
 * Plays every scenario on servers of its own and writes the histories of all its runs. Histories that were shipped before stay: a file
 * is named after the version of the service, and only those of the current one are replaced.
 */
const FOLDER = path.join(import.meta.dirname, 'histories');
const { version } = await import('../../package.json', { with: { type: 'json' } }).then(
  (file) => file.default,
);

const services = await startServices();
try {
  await mkdir(FOLDER, { recursive: true });
  for (const file of await readdir(FOLDER)) {
    if (file.startsWith(`${version}-`)) await rm(path.join(FOLDER, file));
  }
  for (const [index, scenario] of SCENARIOS.entries()) await record(scenario, `record_${index}`);
} finally {
  await services.stop();
}

async function record(scenario: Scenario, taskQueue: string): Promise<void> {
  const provider = createScriptedProvider();
  const { runner, release } = createStageRunner();
  const hosts = createStageHosts();
  const lab = await startSessionLab({
    provider,
    runner,
    hosts,
    historyBudget: scenario.historyBudget ?? 1_000,
    services: { ...services, taskQueue, temporalNamespace: 'default', stop: async () => undefined },
  });
  try {
    await lab.startWorker();
    const id = await scenario.play({ lab, provider, runner, release, hosts });
    // The last workflow task comes a moment after the rest; a run that continues a short one, a second after that one began.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const runs = await createSessionHistory(lab.client, lab.blobs).runs(id);
    for (const [index, history] of runs.entries()) {
      const name = scenario.name.replaceAll(/[^a-z0-9]+/gi, '-');
      const suffix = runs.length > 1 ? `-${index + 1}` : '';
      const file = path.join(FOLDER, `${version}-${name}${suffix}.json`);
      // Stack traces name folders of the machine that recorded; replay does not read them.
      const text = historyToJSON(history).replace(/("stackTrace": )"(?:[^"\\]|\\.)*"/g, '$1""');
      await writeFile(file, `${text}\n`);
      console.log(`${path.basename(file)}: ${history.events?.length ?? 0} events`);
    }
  } finally {
    release();
    await lab.stop();
  }
}
