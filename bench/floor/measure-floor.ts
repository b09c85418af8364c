import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Anthropic from '@anthropic-ai/sdk';
import { Client } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import pg from 'pg';
import { openConnection } from '../../providers/temporal-server/client-connection.ts';
import { openWorkerConnection } from '../../providers/temporal-server/worker-connection.ts';
import { times, type Series } from '../series.ts';

/** What this machine can do at best with the same servers, milliseconds. */
export interface Floor {
  /** One row inserted and durable. */
  commit: Series;
  /** Signal to the end of the third of three activities that do nothing, one after another, in a running workflow. */
  threeActivities: Series;
  /** A process that does nothing. */
  spawn: Series;
  /** A whole stream of the scripted model server, read by the vendor's SDK and by nobody else. */
  modelStream: Series;
  /** Turns of three such activities a second, over 20 workflows. */
  turnsPerSecond: number;
}

export async function measureFloor(
  postgresUrl: string,
  temporalAddress: string,
  modelUrl: string,
): Promise<Floor> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
  });
  const database = new pg.Client({ connectionString: postgresUrl });
  await database.connect();
  await database.query('CREATE TABLE IF NOT EXISTS bench_floor (id bigserial PRIMARY KEY, body text)');
  const commit = await times(300, () => database.query(`INSERT INTO bench_floor (body) VALUES ('x')`));
  await database.query('DROP TABLE bench_floor');
  await database.end();

  const bare = await times(
    50,
    () => new Promise((resolve) => spawn('/bin/true', { stdio: 'ignore' }).once('exit', resolve)),
  );

  const vendor = new Anthropic({ baseURL: modelUrl, apiKey: 'scripted', maxRetries: 0 });
  const stream = async () =>
    vendor.messages
      .stream({
        model: 'claude-scripted',
        max_tokens: 1_000,
        messages: [{ role: 'user', content: [{ type: 'text', text: 'answer' }] }],
      })
      .finalMessage();
  for (let warm = 0; warm < 10; warm++) await stream();
  const modelStream = await times(50, stream);

  const taskQueue = `floor-${process.pid}`;
  const native = await openWorkerConnection({ address: temporalAddress });
  const connection = await openConnection({ address: temporalAddress });
  const client = new Client({ connection });
  const marks = new Map<string, { count: number; done: () => void }>();
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
    activities: {
      async nothing() {
        const { Context } = await import('@temporalio/activity');
        const mark = marks.get(Context.current().info.workflowExecution?.workflowId ?? '');
        if (mark && ++mark.count % 3 === 0) mark.done();
      },
    },
  });
  const polling = worker.run();
  const start = async (name: string, turns: number) => {
    const workflowId = `${taskQueue}-${name}`;
    const handle = await client.workflow.start('floor', { workflowId, taskQueue, args: [turns] });
    return async () => {
      const done = Promise.withResolvers<void>();
      marks.set(workflowId, { count: 0, done: done.resolve });
      await handle.signal('turn');
      await done.promise;
    };
  };
  const one = await start('one', 55);
  for (let warm = 0; warm < 5; warm++) await one();
  const threeActivities = await times(50, one);

  const many = await Promise.all(Array.from({ length: 20 }, async (_, index) => start(`many-${index}`, 5)));
  const begun = performance.now();
  await Promise.all(
    many.map(async (run) => {
      for (let count = 0; count < 5; count++) await run();
    }),
  );
  const turnsPerSecond = 100_000 / (performance.now() - begun);
  worker.shutdown();
  await polling;
  await native.close();
  await connection.close();
  return { commit, threeActivities, spawn: bare, modelStream, turnsPerSecond };
}
