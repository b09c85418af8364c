import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cuttingProxy, type CuttingProxy } from '../../../test/harness/cutting-proxy.ts';
import { startTransactionPooler } from '../../../test/streams/transaction-pooler.ts';
import { startTestServices, type TestServices } from '../../../test/harness/start-test-services.ts';
import { connectDirectly } from '../../postgres-client/direct-connection.ts';
import { openDatabase, type Database } from './database.ts';

const LIMIT_MS = 1_000;
/** Far more than the limit, far less than the quarter of an hour that TCP takes. */
const SOON_MS = 20_000;

describe('a pool whose connections are lost without a word', () => {
  let services: TestServices;
  let proxy: CuttingProxy;
  let database: Database;
  let told: string[];
  beforeEach(async () => {
    services = await startTestServices();
    proxy = await cuttingProxy(services.postgresUrl);
    told = [];
    database = openDatabase({
      url: proxy.url,
      maximum: 4,
      statementTimeoutMs: 30_000,
      answerTimeoutMs: LIMIT_MS,
      events: { onLost: () => told.push('lost'), onRegained: () => told.push('regained') },
    });
    await database.query('CREATE TABLE written (n int)');
    await each(4, async () => database.query('SELECT pg_sleep(0.05)'));
  });
  afterEach(async () => {
    await database.close();
    await proxy.close();
    await services.stop();
  });

  const outcome = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'done',
      (error: unknown) => (error as { code?: string }).code,
    );
  const written = async (): Promise<number> => {
    const [row] = await database.query<{ count: number }>('SELECT count(*) AS count FROM written');
    return row?.count ?? 0;
  };
  const insert = async (): Promise<unknown> =>
    database.transaction(async (connection) => connection.query('INSERT INTO written VALUES (1)'));

  it('gives up the one that is used, and throws the others away before they are', async () => {
    proxy.hold('existing');
    expect(await within(SOON_MS, outcome(database.query('SELECT 1')))).toBe('unavailable');
    await expect.poll(() => database.pool.idleCount, { timeout: SOON_MS }).toBe(0);
    const answers = await each(12, async () => outcome(insert()));
    expect(new Set(answers)).toEqual(new Set(['done']));
    expect(await written()).toBe(12);
    expect(told).toEqual(['lost', 'regained']);
  });

  it('refuses everything soon while nothing gets through, and works when it does again', async () => {
    proxy.hold('all');
    const attempts = await within(
      2 * SOON_MS,
      each(8, async (index) => outcome(index % 2 === 0 ? insert() : database.query('SELECT 1'))),
    );
    expect(attempts).toEqual(Array.from({ length: 8 }, () => 'unavailable'));
    expect(told).toEqual(['lost']);
    proxy.letThrough();
    await expect.poll(async () => outcome(insert()), { timeout: SOON_MS }).toBe('done');
    expect(await written()).toBe(1);
    expect(told).toEqual(['lost', 'regained']);
  });

  it('does not know what became of a commit or of a single write, and says so', async () => {
    const commit = database.transaction(async (connection) => {
      await connection.query('INSERT INTO written VALUES (1)');
      proxy.hold('existing');
    });
    expect(await within(SOON_MS, outcome(commit))).toBe('commit_unknown');
    await expect.poll(async () => outcome(database.query('SELECT 1')), { timeout: SOON_MS }).toBe('done');
    proxy.hold('existing');
    const write = database.query('INSERT INTO written VALUES (1)');
    expect(await within(SOON_MS, outcome(write))).toBe('commit_unknown');
  });

  it('gives the locks of a transaction back whose client is lost', async () => {
    await database.query('INSERT INTO written VALUES (1)');
    const lost = database.transaction(async (connection) => {
      await connection.query('SELECT n FROM written FOR UPDATE');
      proxy.hold('existing');
      await connection.query('SELECT 1');
    });
    expect(await outcome(lost)).toBe('unavailable');
    const others = openDatabase({ url: services.postgresUrl, answerTimeoutMs: 60_000 });
    try {
      expect(await within(3 * SOON_MS, outcome(others.query('UPDATE written SET n = 2')))).toBe('done');
    } finally {
      await others.close();
    }
  });

  it('has PostgreSQL end what a lost client left, on pooled connections and on those for locks', async () => {
    const names = ['client_connection_check_interval', 'idle_in_transaction_session_timeout'];
    const settings = 'SELECT name, setting FROM pg_settings WHERE name = ANY ($1) ORDER BY name';
    const expected = [
      { name: names[0], setting: '2000' },
      { name: names[1], setting: '10000' },
    ];
    expect(await database.query(settings, [names])).toEqual(expected);
    const direct = await connectDirectly({ url: services.postgresUrl, applicationName: 'a test' });
    expect(await direct.query(settings, [names])).toEqual(expected);
    await direct.close();
  });

  it('is only busy while a statement waits for a lock, and keeps its connections', async () => {
    // With the usual limit, so that a busy machine has a second to say that the wait took too long.
    const usual = openDatabase({
      url: services.postgresUrl,
      maximum: 2,
      statementTimeoutMs: 60_000,
      events: { onLost: () => told.push('lost'), onRegained: () => told.push('regained') },
    });
    const pids = async (): Promise<number[]> => {
      const ask = 'SELECT pg_backend_pid() AS pid, pg_sleep(0.2)';
      const rows = await each(2, async () => usual.query<{ pid: number }>(ask));
      return rows.map(([row]) => row?.pid ?? 0).sort((one, other) => one - other);
    };
    await usual.query('INSERT INTO written VALUES (1)');
    const connections = await pids();
    const other = await connectDirectly({ url: services.postgresUrl, applicationName: 'another' });
    await other.query('BEGIN');
    await other.query('SELECT n FROM written FOR UPDATE');
    const update = 'UPDATE written SET n = 2';
    const transaction = usual.transaction(async (connection) => connection.query(update));
    await expect(transaction).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('busy'),
    });
    expect(await pids()).toEqual(connections);
    // It is rolled back for certain, so its outcome is not unknown.
    expect(await outcome(usual.query(update))).toBe('unavailable');
    const patient = usual.patient.query(update);
    await other.close();
    expect(await outcome(patient)).toBe('done');
    expect(told).toEqual([]);
    await usual.close();
  });

  it('leaves a server that takes no writes any more', async () => {
    await each(4, async () =>
      database.query(`SELECT set_config('default_transaction_read_only', 'on', false), pg_sleep(0.2)`),
    );
    // As behind one name whose primary is another server now: only new connections lead to it.
    await expect.poll(async () => outcome(insert()), { timeout: SOON_MS }).toBe('done');
    expect(await each(4, async () => outcome(insert()))).toEqual(['done', 'done', 'done', 'done']);
    const url = `${services.postgresUrl}&options=-c%20default_transaction_read_only%3Don`;
    await expect(connectDirectly({ url, applicationName: 'on a standby' })).rejects.toMatchObject({
      code: '25006',
    });
  });

  it('works through a pooler that shares the sessions of the server', async () => {
    const pooler = await startTransactionPooler(services.postgresUrl, 3);
    const shared = openDatabase({ url: pooler.url, maximum: 6, statementTimeoutMs: 30_000 });
    const count = 'SELECT count(*)::int AS n FROM written WHERE n = $1';
    await each(30, async (index) => {
      await shared.transaction(async (connection) => {
        connection.send({ name: 'write', text: 'INSERT INTO written VALUES ($1)', values: [index] });
        await connection.query({ name: 'count', text: count, values: [index] });
      });
      await shared.query(count, [index], 'count');
      await shared.patient.query(count, [index], 'count');
    });
    expect(await written()).toBe(30);
    await shared.close();
    await pooler.close();
  });

  it('waits for a statement that is known to take long, and for no other', async () => {
    expect(await outcome(database.query('SELECT pg_sleep(3)'))).toBe('unavailable');
    expect(await outcome(database.patient.query('SELECT pg_sleep(3)'))).toBe('done');
  });
});

async function each<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, async (_, index) => work(index)));
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work;
  expect(performance.now() - began).toBeLessThan(milliseconds);
  return result;
}
