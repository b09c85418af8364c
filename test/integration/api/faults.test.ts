import { readFileSync } from 'node:fs';
import { mkdtemp, rm, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readHostEnvironment } from '../../../config.ts';
import { openDatabase } from '../../../providers/store/postgres/database.ts';
import { startPostgres, type PostgresServer } from '../../../providers/postgres-server/start-postgres.ts';
import { cuttingProxy } from '../../harness/cutting-proxy.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';
import { startTestPostgres } from '../../streams/test-postgres.ts';
import { startTestServices } from '../../harness/start-test-services.ts';

const say = (text: string) => ({ type: 'user.message' as const, content: [{ type: 'text' as const, text }] });

async function prepare(api: TestApi) {
  const client = api.client();
  const agent = (await client.beta.agents.create({ model: 'demo', name: 'A' })).id;
  const environment = (await client.beta.environments.create({ name: 'E' })).id;
  const session = (await client.beta.sessions.create({ agent, environment_id: environment })).id;
  return { client, agent, environment, session };
}

describe('without Temporal', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi();
    api.engine.isReachable = false;
  });
  afterAll(async () => api.stop());

  it('everything is accepted, and left for the sweeper', async () => {
    const { client, session } = await prepare(api);
    const { data } = await client.beta.sessions.events.send(session, { events: [say('x')] });
    expect(data?.[0]).toMatchObject({ processed_at: null });
    const rows = await api.database.query(
      'SELECT 1 FROM events WHERE session_id = $1 AND signalled_at IS NULL',
      [session],
    );
    expect(rows).toHaveLength(1);
    const ready = await fetch(`${api.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ready', checks: { database: { ok: true } } },
    ]);
    const status = await fetch(`${api.url}/status`);
    expect([status.status, await status.json()]).toMatchObject([
      503,
      {
        status: 'down',
        parts: {
          database: { state: 'ok' },
          temporal: { state: 'down', detail: 'Temporal is down in this test.' },
        },
      },
    ]);
    for (const path of ['/livez', '/healthz']) expect((await fetch(`${api.url}${path}`)).status).toBe(200);
  });
});

describe('without PostgreSQL', () => {
  let folder: string;
  let server: PostgresServer;
  let api: TestApi;
  const start = async () => {
    const host = readHostEnvironment();
    return startPostgres({
      dataDir: path.join(folder, 'data'),
      logFile: path.join(folder, 'postgres.log'),
      ...host,
      say: () => undefined,
    });
  };
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'faults-'));
    await chmod(folder, 0o711);
    server = await start();
    api = await startApi({ postgresUrl: server.url });
  });
  afterAll(async () => {
    await api.stop();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('every request says 503 and when to try again, and nothing was done when it is back', async () => {
    const { client, agent, environment, session } = await prepare(api);
    process.kill(server.process.pid, 'SIGKILL');
    // Its children live on for a moment.
    await vi.waitFor(async () => {
      const asked = Array.from({ length: 8 }, async () => api.database.query('SELECT 1'));
      const answers = await Promise.allSettled(asked);
      expect(answers.every(({ status }) => status === 'rejected')).toBe(true);
    });
    const attempts = [
      async () => client.beta.sessions.events.send(session, { events: [say('lost')] }),
      async () => client.beta.sessions.create({ agent, environment_id: environment }),
      async () => client.beta.sessions.retrieve(session),
      async () => client.beta.sessions.list(),
      async () => client.beta.sessions.update(session, { title: 'lost' }),
      async () => client.beta.sessions.archive(session),
      async () => client.beta.sessions.delete(session),
      async () => client.beta.agents.create({ model: 'demo', name: 'lost' }),
      async () => client.beta.agents.update(agent, { name: 'lost' }),
      async () => client.beta.environments.list(),
      async () => client.beta.files.upload({ file: new File(['x'], 'lost') }),
    ];
    for (const attempt of attempts) {
      const error: unknown = await attempt().then(
        () => null,
        (failure: unknown) => failure,
      );
      expect(error).toMatchObject({ status: 503, type: 'api_error' });
      expect((error as { headers: Headers }).headers.get('retry-after')).toBe('1');
    }
    expect((await fetch(`${api.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${api.url}/livez`)).status).toBe(200);

    server = await start();
    expect(await client.beta.sessions.retrieve(session)).toMatchObject({ title: null, archived_at: null });
    expect((await client.beta.sessions.events.list(session)).data).toEqual([]);
    expect((await client.beta.agents.retrieve(agent)).version).toBe(1);
    await client.beta.sessions.events.send(session, { events: [say('found')] });
    expect((await client.beta.sessions.events.list(session)).data).toHaveLength(1);
  });
});

describe('while PostgreSQL stands still', () => {
  it('requests, writes too, are answered with 503 and retry-after, and it is used again when it goes on', async () => {
    const postgres = await startTestPostgres();
    const api = await startApi({ postgresUrl: postgres.url });
    try {
      const { client, agent, environment, session } = await prepare(api);
      await postgres.signal('SIGSTOP');
      const attempts = [
        async () => client.beta.sessions.events.send(session, { events: [say('lost')] }),
        async () => client.beta.sessions.create({ agent, environment_id: environment }),
        async () => client.beta.sessions.retrieve(session),
        async () => client.beta.agents.create({ model: 'demo', name: 'lost' }),
        async () => client.beta.sessions.list(),
      ];
      const began = performance.now();
      const errors = await Promise.all(
        attempts.map(async (attempt) =>
          attempt().then(
            () => null,
            (failure: unknown) => failure,
          ),
        ),
      );
      expect(performance.now() - began).toBeLessThan(40_000);
      for (const error of errors) {
        expect(error).toMatchObject({ status: 503, type: 'api_error' });
        expect((error as { headers: Headers }).headers.get('retry-after')).toBe('1');
      }
      await postgres.signal('SIGCONT');
      await vi.waitFor(async () => client.beta.sessions.retrieve(session), { timeout: 20_000 });
      expect((await client.beta.sessions.events.list(session)).data).toEqual([]);
      await client.beta.sessions.events.send(session, { events: [say('found')] });
    } finally {
      await postgres.signal('SIGCONT');
      await api.stop();
      await postgres.stop();
    }
  });
});

describe('a database that is no use', () => {
  let folder: string;
  let server: PostgresServer;
  let api: TestApi;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'faults-'));
    await chmod(folder, 0o711);
    server = await startPostgres({
      dataDir: path.join(folder, 'data'),
      logFile: path.join(folder, 'postgres.log'),
      ...readHostEnvironment(),
      say: () => undefined,
    });
    api = await startApi({ postgresUrl: server.url });
  });
  afterAll(async () => {
    await api.stop();
    await server.stop();
    await rm(folder, { recursive: true });
  });
  const readiness = async () => {
    const answer = await fetch(`${api.url}/readyz`);
    return { status: answer.status, body: await answer.json() };
  };
  const signal = (name: NodeJS.Signals) => {
    const { pid } = server.process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    for (const process_ of [pid, ...children]) process.kill(process_, name);
  };

  it('since it says nothing, takes the api out within seconds, and no longer than it lasts', async () => {
    expect((await readiness()).status).toBe(200);
    signal('SIGSTOP');
    try {
      await vi.waitFor(async () => expect((await readiness()).status).toBe(503), { timeout: 20_000 });
      const askedAt = performance.now();
      const [ready, status] = await Promise.all([readiness(), fetch(`${api.url}/status`)]);
      // Both give up after two seconds; a probe that waits longer than ten has given up itself.
      expect(performance.now() - askedAt).toBeLessThan(10_000);
      expect([ready.status, status.status]).toEqual([503, 503]);
      expect(await status.json()).toMatchObject({ parts: { database: { state: 'down' } } });
      expect((await fetch(`${api.url}/livez`)).status).toBe(200);
    } finally {
      signal('SIGCONT');
    }
    await vi.waitFor(async () => expect((await readiness()).status).toBe(200), { timeout: 20_000 });
  });

  it('since it takes no writes, as a standby, takes the api out too, and says why', async () => {
    const set = async (value: 'on' | 'off') => {
      const admin = openDatabase({ url: server.adminUrl });
      await admin.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
      await admin.query('SELECT pg_reload_conf()');
      await admin.close();
    };
    await set('on');
    await vi.waitFor(async () => {
      expect(await readiness()).toMatchObject({
        status: 503,
        body: { checks: { database: { ok: false, detail: expect.stringContaining('takes no writes') } } },
      });
    });
    const made = await fetch(`${api.url}/v1/environments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'E' }),
    });
    expect([made.status, await made.json()]).toMatchObject([
      503,
      { error: { message: expect.stringContaining('takes no writes') } },
    ]);
    await set('off');
    await vi.waitFor(async () => expect((await readiness()).status).toBe(200));
  });
});

describe('when the database goes away in the middle of a commit', () => {
  it.each(['before it arrives', 'before it is answered'] as const)(
    'a batch is stored once: %s',
    async (when) => {
      const services = await startTestServices();
      const proxy = await cuttingProxy(services.postgresUrl);
      const api = await startApi({ postgresUrl: proxy.url });
      try {
        const { client, agent, environment, session } = await prepare(api);
        proxy.cutNextCommit(when);
        const { data } = await client.beta.sessions.events.send(session, {
          events: [say('once'), say('twice')],
        });
        expect(proxy.cuts()).toBe(1);
        expect((await client.beta.sessions.events.list(session)).data).toEqual(data);
        expect(data).toHaveLength(2);
        expect(api.engine.signalled.flatMap(({ events }) => events)).toHaveLength(2);

        proxy.cutNextCommit(when);
        const created = await client.beta.sessions.create({
          agent,
          environment_id: environment,
          initial_events: [say('first')],
        });
        expect(proxy.cuts()).toBe(2);
        expect(created.status).toBe('running');
        const { data: sessions } = await client.beta.sessions.list();
        expect(sessions.map(({ id }) => id).sort()).toEqual([session, created.id].sort());
        expect((await client.beta.sessions.events.list(created.id)).data).toHaveLength(1);
      } finally {
        await api.stop();
        await proxy.close();
        await services.stop();
      }
    },
  );
});
