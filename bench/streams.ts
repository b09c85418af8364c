import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { openDatabase } from '../providers/store/postgres/database.ts';
import { createPostgresJournal } from '../providers/store/postgres/journal.ts';
import { migrate } from '../providers/store/postgres/migrate.ts';
import { ids, newMessage, startStreamLab } from '../test/streams/stream-lab.ts';
import { startTestPostgres } from '../test/streams/test-postgres.ts';
import { startChild } from './streams/child.ts';
import type { PublishOrder } from './streams/publisher-process.ts';
import { median, quantiles } from './streams/quantiles.ts';

/**
 * What streams and lists cost: the delay that a token gains between a worker and the client, what many watchers of one session cost the
 * api, and pages of a long list. Worker, api and watchers are processes of their own; each number stands beside this machine's floor.
 */
const postgres = await startTestPostgres();
const database = openDatabase({ url: postgres.url });
await migrate(database);
const journal = createPostgresJournal(database);
const lab = await startStreamLab({ journal });
const api = await startChild<{ cpuSeconds: number; rss: number; open: number }>('api-process.ts', [
  postgres.url,
]);
const publisher = await startChild<object>('publisher-process.ts', [postgres.url]);
const url = String(api.ready.url);

/** Journals the beginning of a model request and gives its `seq`. */
async function beginSpan(sessionId: string): Promise<number> {
  const event = { id: ids.event(), type: 'span.model_request_start' };
  return lab.write(sessionId, (writer) => writer.append({ ...event, body: event }));
}

async function floors(): Promise<void> {
  const server = createServer((socket) => socket.on('data', (bytes) => socket.write(bytes)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay(true);
  const hops: number[] = [];
  for (let round = 0; round < 2_000; round++) {
    const begun = performance.now();
    socket.write('x');
    await once(socket, 'data');
    hops.push((performance.now() - begun) / 2);
  }
  socket.destroy();
  server.close();
  console.log(`floor: one hop over a socket                ${quantiles(hops)}`);

  const listener = new Client({ connectionString: postgres.url });
  const notifier = new Client({ connectionString: postgres.url });
  await Promise.all([listener.connect(), notifier.connect()]);
  await listener.query('LISTEN floor');
  await notifier.query('SET synchronous_commit = off');
  const rounds: number[] = [];
  for (let round = 0; round < 2_000; round++) {
    const heard = once(listener, 'notification');
    const begun = performance.now();
    await Promise.all([heard, notifier.query(`NOTIFY floor, '${round}'`)]);
    rounds.push(performance.now() - begun);
  }
  await Promise.all([listener.end(), notifier.end()]);
  console.log(`floor: one NOTIFY, sent to heard            ${quantiles(rounds)}`);
}

/** Reads a stream and gives the age of every token when it arrives. */
async function tokenDelays(perSecond: number): Promise<number[]> {
  const session = await lab.newSession();
  const tokens = perSecond * 5;
  const response = await fetch(
    `${url}/v1/sessions/${session.sessionId}/events/stream?event_deltas=agent.message`,
  );
  const ages: number[] = [];
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const now = process.hrtime.bigint();
      for (const [, text] of decoder.decode(chunk, { stream: true }).matchAll(/"text":"([\d ]+)"/g)) {
        for (const made of text?.trim().split(' ') ?? []) ages.push(Number(now - BigInt(made)) / 1e6);
      }
      if (ages.length >= tokens) break;
    }
  })();
  const spanSeq = await beginSpan(session.sessionId);
  const order: PublishOrder = { ...session, spanSeq, perSecond, tokens };
  await publisher.ask(order);
  await Promise.race([reading, delay(5_000)]);
  if (ages.length < tokens) console.log(`  ${tokens - ages.length} of ${tokens} tokens did not arrive`);
  return ages;
}

/** Frames per second of the api's CPU time, journaled events and tokens, for many watchers of one session. */
async function fanOut(watchers: number): Promise<void> {
  for (const kind of ['events', 'tokens'] as const) {
    const session = await lab.newSession();
    const path = `/v1/sessions/${session.sessionId}/events/stream?event_deltas=agent.message`;
    const before = await api.ask({});
    const crowd = await startChild<{ frames: number; bytes: number }>('watchers-process.ts', [
      url,
      String(watchers),
      path,
    ]);
    while ((await api.ask({})).open < before.open + watchers) await delay(20);
    const opened = await api.ask({});
    const idle = await api.ask({});
    const each = Math.max(500, Math.min(5_000, 500_000 / watchers));
    const begun = performance.now();
    if (kind === 'events') {
      for (let sent = 0; sent < each; sent += 10) {
        await lab.write(session.sessionId, (writer) => {
          for (let index = 0; index < 10; index++)
            writer.append(newMessage('A sentence of ordinary length, say.'));
        });
        await database.query(`SELECT pg_notify('managed_agent_streams', $1)`, [
          `${session.sessionId} ${JSON.stringify({ type: 'grew', seq: sent + 10 })}`,
        ]);
      }
    } else {
      const spanSeq = await beginSpan(session.sessionId);
      await publisher.ask({
        ...session,
        spanSeq,
        perSecond: 1_000,
        tokens: each,
      } satisfies PublishOrder);
    }
    // Tokens are gathered on their way, so their frames cannot be counted beforehand.
    let counted = await crowd.ask({});
    for (let quiet = 0; quiet < 10; quiet++) {
      await delay(100);
      const next = await crowd.ask({});
      if (next.frames !== counted.frames) quiet = 0;
      counted = next;
    }
    const seconds = (performance.now() - begun) / 1_000;
    const after = await api.ask({});
    const cpu = after.cpuSeconds - idle.cpuSeconds;
    console.log(
      `${String(watchers).padStart(5)} watchers, ${kind}: ${Math.round(counted.frames / cpu).toLocaleString('en')} frames/s per core of the api ` +
        `(${counted.frames.toLocaleString('en')} frames in ${seconds.toFixed(1)} s, ${cpu.toFixed(1)} s CPU; ` +
        `${((opened.rss - before.rss) / watchers / 1024).toFixed(0)} kB of memory per stream)`,
    );
    crowd.stop();
    while ((await api.ask({})).open > before.open) await delay(20);
  }
}

async function pages(): Promise<void> {
  const { sessionId, threadId } = await lab.newSession();
  const count = 100_000;
  await database.query(
    `INSERT INTO events (session_id, id, seq, thread_id, type, body, processed_at)
      SELECT $1, 'sevt_bench_' || n, n, $2, 'agent.message', json_build_object('id', 'sevt_bench_' || n, 'type',
        'agent.message', 'content', json_build_array(json_build_object('type', 'text', 'text', repeat('word ', 40)))),
        now() + n * interval '1 millisecond'
      FROM generate_series(1, $3::int) AS n`,
    [sessionId, threadId, count],
  );
  await database.query('UPDATE session_head SET last_seq = $2 WHERE session_id = $1', [sessionId, count]);
  await database.query('VACUUM ANALYZE events');
  const cursor = (seq: number) =>
    Buffer.from(JSON.stringify({ thread: threadId, at: { order: 'asc', seq, arrival: 0 } })).toString(
      'base64url',
    );
  const kinds = [
    { name: 'first page', query: '', times: [] as number[] },
    { name: 'middle page', query: `&page=${cursor(count / 2)}`, times: [] as number[] },
    { name: 'last page', query: `&page=${cursor(count - 100)}`, times: [] as number[] },
    { name: 'newest first', query: '&order=desc', times: [] as number[] },
    { name: 'one type', query: '&types[]=agent.message', times: [] as number[] },
    {
      name: 'from a time in the middle',
      query: `&created_at[gte]=${new Date(Date.now() + 50_000).toISOString()}`,
      times: [] as number[],
    },
  ];
  const floor: number[] = [];
  // In turns, so that other load on the machine weighs on all alike.
  for (let round = 0; round < 500; round++) {
    for (const { name, query, times } of kinds) {
      const begun = performance.now();
      const response = await fetch(`${url}/v1/sessions/${sessionId}/events?limit=100${query}`);
      const { data } = (await response.json()) as { data: unknown[] };
      times.push(performance.now() - begun);
      if (data.length !== 100) throw new Error(`${name}: ${data.length} events`);
    }
    const begun = performance.now();
    await database.query(
      'SELECT id, body FROM events WHERE session_id = $1 AND seq > $2 ORDER BY seq LIMIT 100',
      [sessionId, count / 2],
      'floor',
    );
    floor.push(performance.now() - begun);
  }
  for (const { name, times } of kinds) {
    console.log(`100 of 100,000 events, ${name.padEnd(26)} ${quantiles(times)}`);
  }
  const [first = 0, middle = 0, last = 0] = kinds.map(({ times }) => median(times));
  console.log(`deep ÷ shallow: middle ${(middle / first).toFixed(2)}, last ${(last / first).toFixed(2)}`);
  console.log(`floor: the same rows by plain SQL           ${quantiles(floor)}`);
}

try {
  await floors();
  for (const perSecond of [50, 200, 1_000, 4_000]) {
    const ages = await tokenDelays(perSecond);
    console.log(`a token at ${String(perSecond).padStart(5)}/s, made to received     ${quantiles(ages)}`);
  }
  for (const watchers of [1, 100, 1_000]) await fanOut(watchers);
  await pages();
} finally {
  publisher.stop();
  api.stop();
  await lab.stop();
  await database.close();
  await postgres.stop();
}
