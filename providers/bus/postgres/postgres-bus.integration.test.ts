import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestPostgres, type TestPostgres } from '../../../test/streams/test-postgres.ts';
import { createKeyRing, type KeyRing } from '../../encryption/key-ring.ts';
import type { BusMessage } from '../bus.ts';
import { busContract } from '../contract.ts';
import { openPostgresBus } from './postgres-bus.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());

const open = (problems: string[] = [], keys = createKeyRing([])) =>
  openPostgresBus({
    keys,
    url: postgres.url,
    channels: ['streams', 'interrupts', 'watched'],
    onProblem: (message) => problems.push(message),
  });

const pairOf = async (keys?: KeyRing) => {
  const [sender, receiver] = [await open([], keys), await open([], keys)];
  return {
    sender,
    receiver,
    breakReceiver: () => postgres.killBackends('managed-agent bus'),
    close: async () => {
      await sender.close();
      await receiver.close();
    },
  };
};
const KEYS = createKeyRing([{ id: 'key ä.1', key: new Uint8Array(32).fill(7) }]);

busContract('on PostgreSQL', () => pairOf());
busContract('on PostgreSQL, encrypted', () => pairOf(KEYS));

describe('the bus on PostgreSQL', () => {
  it('waits with its opening until PostgreSQL answers', async () => {
    await postgres.halt();
    const opening = open();
    await postgres.resume();
    const bus = await opening;
    await bus.close();
  });

  it('ends its opening when it is told to', async () => {
    const stop = new AbortController();
    const opening = openPostgresBus(
      { url: 'postgres://nobody@127.0.0.1:1/none', channels: [], onProblem: () => undefined },
      stop.signal,
    );
    stop.abort(new Error('enough'));
    await expect(opening).rejects.toThrow();
  });

  it('shows nothing of what models say to others who listen, where there is a key', async () => {
    const bus = await open([], KEYS);
    const spy = new Client({ connectionString: postgres.url });
    await spy.connect();
    const heard: string[] = [];
    spy.on('notification', ({ payload }) => heard.push(payload ?? ''));
    await spy.query('LISTEN managed_agent_streams');
    const preview = { sessionId: 'sesn_1', threadId: 'sthr_1', spanSeq: 1, eventId: 'sevt_1', index: 0 };
    bus.publish({ type: 'preview_delta', ...preview, offset: 0, text: 'a private thought' });
    await bus.flush();
    await vi.waitFor(() => expect(heard).toHaveLength(1), 20_000);
    expect(heard[0]).not.toMatch(/private|sesn_1|preview/);
    await spy.end();
    await bus.close();
  });

  it('reads what was sent before encryption was switched on, and tells of what it has no key for', async () => {
    const problems: string[] = [];
    const [plain, sealed, keyless] = [await open(), await open([], KEYS), await open(problems)];
    const [atSealed, atKeyless]: BusMessage[][] = [[], []];
    sealed.subscribe(
      'sesn_1',
      (message) => atSealed?.push(message),
      () => undefined,
    );
    keyless.subscribe(
      'sesn_1',
      (message) => atKeyless?.push(message),
      () => undefined,
    );
    sealed.publish({ type: 'grew', sessionId: 'sesn_1', seq: 1 });
    await vi.waitFor(() => expect(problems).toHaveLength(1), 20_000);
    plain.publish({ type: 'grew', sessionId: 'sesn_1', seq: 2 });
    await vi.waitFor(() => expect(atKeyless).toHaveLength(1), 20_000);
    await vi.waitFor(() => expect(atSealed).toHaveLength(2), 20_000);
    for (const bus of [plain, sealed, keyless]) await bus.close();
  });

  it('survives what others write on its channels', async () => {
    const problems: string[] = [];
    const bus = await open(problems);
    const seen: BusMessage[] = [];
    bus.subscribe(
      'sesn_1',
      (message) => seen.push(message),
      () => undefined,
    );
    await postgres.query(`SELECT pg_notify('managed_agent_streams', 'sesn_1 {not json')`);
    bus.publish({ type: 'deleted', sessionId: 'sesn_1' });
    await vi.waitFor(() => expect(seen).toHaveLength(1), 20_000);
    expect(problems).toHaveLength(1);
    await bus.close();
  });
});
