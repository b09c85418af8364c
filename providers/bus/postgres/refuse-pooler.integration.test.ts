import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestPostgres, type TestPostgres } from '../../../test/streams/test-postgres.ts';
import { startTransactionPooler, type TransactionPooler } from '../../../test/streams/transaction-pooler.ts';
import { openPostgresBus } from './postgres-bus.ts';
import { refusePooler } from './refuse-pooler.ts';

describe('the check for a transaction pooler', () => {
  let postgres: TestPostgres;
  let pooler: TransactionPooler | null = null;
  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterEach(async () => {
    await pooler?.close();
    pooler = null;
  });
  afterAll(() => postgres.stop());

  it.each([1, 2, 5])('refuses a pooler with %i server sessions', async (sessions) => {
    pooler = await startTransactionPooler(postgres.url, sessions);
    await expect(refusePooler(pooler.url)).rejects.toMatchObject({
      code: 'bad_config',
      message: expect.stringContaining('store.direct_url'),
    });
  });

  it('lets the server itself pass', async () => {
    await refusePooler(postgres.url);
  });

  it('keeps the bus from being opened', async () => {
    pooler = await startTransactionPooler(postgres.url, 3);
    const opening = openPostgresBus({ url: pooler.url, channels: ['streams'], onProblem: () => undefined });
    await expect(opening).rejects.toMatchObject({ code: 'bad_config' });
  });

  it('passes on that PostgreSQL does not answer', async () => {
    await expect(refusePooler('postgres://nobody@127.0.0.1:1/none')).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });
});
