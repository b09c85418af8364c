import { Client } from 'pg';
import { expect, it } from 'vitest';
import { openConnection } from '../../providers/temporal-server/client-connection.ts';
import { startTestServices } from './start-test-services.ts';

async function tablesOf(url: string, before?: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    if (before) await client.query(before);
    return (await client.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)).rows;
  } finally {
    await client.end();
  }
}

it('gives each caller an empty database and a task queue of its own', async () => {
  const first = await startTestServices();
  const second = await startTestServices();
  expect(await tablesOf(first.postgresUrl, 'CREATE TABLE mine (n int)')).toEqual([{ tablename: 'mine' }]);
  expect(await tablesOf(second.postgresUrl)).toEqual([]);
  expect(await tablesOf(first.postgresAdminUrl)).toEqual([{ tablename: 'mine' }]);
  expect(first.taskQueue).not.toBe(second.taskQueue);
  await first.stop();
  await second.stop();
  await expect(tablesOf(first.postgresUrl)).rejects.toThrow(/does not exist/);
});

it('gives a Temporal server that answers', async () => {
  const services = await startTestServices();
  const connection = await openConnection({ address: services.temporalAddress });
  const { namespaceInfo } = await connection.workflowService.describeNamespace({
    namespace: services.temporalNamespace,
  });
  expect(namespaceInfo?.name).toBe('default');
  await connection.close();
  await services.stop();
});
