import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, Worker, type ReplayResult } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { quietRuntime } from '../harness/quiet-runtime.ts';
import { SCENARIOS } from './scenarios.ts';

const FOLDER = path.join(import.meta.dirname, 'histories');

/** Recorded with `npm run record-histories`. Those of released versions are never changed: sessions of that time must go on. */
async function recorded() {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.json')).sort();
  return Promise.all(
    files.map(async (file) => ({
      workflowId: file,
      history: historyFromJSON(JSON.parse(await readFile(path.join(FOLDER, file), 'utf8'))),
    })),
  );
}

describe('recorded histories', () => {
  let code: string;
  beforeAll(async () => {
    quietRuntime();
    const workflowsPath = path.join(import.meta.dirname, '../../workflows/index.ts');
    ({ code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') }));
  }, 60_000);

  async function replay(histories: Awaited<ReturnType<typeof recorded>>): Promise<ReplayResult[]> {
    const results: ReplayResult[] = [];
    for await (const result of Worker.runReplayHistories({ workflowBundle: { code } }, histories)) {
      results.push(result);
    }
    return results;
  }

  it('holds every shape that a session can have', async () => {
    const names = (await recorded()).map((entry) => entry.workflowId);
    for (const { name } of SCENARIOS) {
      expect(names.join('\n')).toContain(name.replaceAll(/[^a-z0-9]+/gi, '-'));
    }
  });

  it('replays in today’s workflow code', async () => {
    const histories = await recorded();
    const results = await replay(histories);
    expect(results).toHaveLength(histories.length);
    expect(
      results.filter((result) => result.error).map(({ workflowId, error }) => [workflowId, error]),
    ).toEqual([]);
  }, 60_000);

  it('does not replay where the code decides otherwise', async () => {
    const histories = await recorded();
    for (const { history } of histories) {
      for (const event of history.events ?? []) {
        const scheduled = event.activityTaskScheduledEventAttributes;
        if (scheduled?.activityType?.name === 'callModel') scheduled.activityType.name = 'settle';
      }
    }
    const results = await replay(histories);
    expect(results.some((result) => result.error)).toBe(true);
  }, 60_000);
});
