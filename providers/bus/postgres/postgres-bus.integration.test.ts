import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestPostgres, type TestPostgres } from '../../../test/streams/test-postgres.ts';
import type { BusMessage } from '../bus.ts';
import { busContract } from '../contract.ts';
import { openPostgresBus } from './postgres-bus.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());

const open = (problems: string[] = []) =>
  openPostgresBus({
    url: postgres.url,
    channels: ['streams', 'interrupts', 'watched'],
    onProblem: (message) => problems.push(message),
  });

busContract('on PostgreSQL', async () => {
  const [sender, receiver] = [await open(), await open()];
  return {
    sender,
    receiver,
    breakReceiver: () => postgres.killBackends('managed-agent bus'),
    close: async () => {
      await sender.close();
      await receiver.close();
    },
  };
});

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
