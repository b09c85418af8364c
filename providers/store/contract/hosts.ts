import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CheckpointStore } from '../checkpoints.ts';
import type { HostStore, SandboxHost } from '../hosts.ts';

const TIMEOUT = 30_000;

export interface HostsSubject {
  hosts: HostStore;
  checkpoints: CheckpointStore;
  /** Lets time pass for heartbeats. */
  pass(milliseconds: number): Promise<void>;
  /** A new session. */
  session(): Promise<string>;
  /** Ends a call, with the result that it committed or by sealing it. */
  endCall(sessionId: string, toolUseId: string, end: 'committed' | 'sealed'): Promise<void>;
}

/** What every store of hosts and checkpoints promises. */
export function hostsContract(name: string, make: () => Promise<HostsSubject>): void {
  describe(`${name} keeps hosts`, () => {
    let subject: HostsSubject;
    beforeEach(async () => {
      subject = await make();
    });
    const host = (id: string, capacity: number | null = null): SandboxHost => ({
      id,
      taskQueue: `queue-${id}`,
      driver: 'bubblewrap',
      isolation: 'namespace',
      ready: true,
      capacity,
    });
    const beat = (...ids: string[]) => Promise.all(ids.map((id) => subject.hosts.beat(host(id), TIMEOUT)));
    /** Lets time pass while these hosts go on. */
    async function pass(milliseconds: number, ...alive: string[]): Promise<void> {
      for (let past = 0; past < milliseconds; past += TIMEOUT / 2) {
        await subject.pass(TIMEOUT / 2);
        await beat(...alive);
      }
    }

    it('places a session once, on a living host, and nowhere without one', async () => {
      const session = await subject.session();
      expect(await subject.hosts.place(session, TIMEOUT)).toBeNull();
      await beat('a');
      const first = await subject.hosts.place(session, TIMEOUT);
      expect(first).toMatchObject({ hostId: 'a', taskQueue: 'queue-a', movedFrom: null });
      expect(await subject.hosts.place(session, TIMEOUT)).toEqual(first);
      expect(await subject.hosts.placement(session)).toEqual(first);
    });
    it('is held by one that was heard of, until it lets go, is silent for too long, or is known to be gone', async () => {
      const beatAs = (holder: string) => subject.hosts.beat(host('a'), TIMEOUT, holder);
      const holderNow = async () => (await subject.hosts.hold('a'))?.holder;
      expect(await subject.hosts.hold('a')).toBeNull();
      expect(await subject.hosts.takeHold('a', 'one', null)).toBe(false);
      expect([await beatAs('one'), await beatAs('one'), await beatAs('two')]).toEqual([true, true, false]);
      expect(await holderNow()).toBe('one');
      await subject.pass(TIMEOUT / 2);
      expect((await subject.hosts.hold('a'))?.silentMs).toBeGreaterThanOrEqual(TIMEOUT / 2);

      await subject.pass(TIMEOUT);
      expect([await beatAs('two'), await beatAs('one'), await holderNow()]).toEqual([true, false, 'two']);
      await subject.hosts.release('a', 'one');
      expect(await holderNow()).toBe('two');
      await subject.hosts.release('a', 'two');
      expect([await beatAs('one'), await beatAs('two')]).toEqual([true, false]);
      expect(await subject.hosts.takeHold('a', 'three', 'two')).toBe(false);
      expect(await subject.hosts.takeHold('a', 'three', 'one')).toBe(true);
      expect([await beatAs('one'), await beatAs('three')]).toEqual([false, true]);
    });
    it('places sessions where there is least to do for the size, and on full hosts last', async () => {
      await subject.hosts.beat(host('a', 1), TIMEOUT);
      await subject.hosts.beat(host('b', 3), TIMEOUT);
      const placed: (string | undefined)[] = [];
      for (let count = 0; count < 4; count++)
        placed.push((await subject.hosts.place(await subject.session(), TIMEOUT))?.hostId);
      expect(placed.filter((id) => id === 'a')).toHaveLength(1);
      expect(placed.filter((id) => id === 'b')).toHaveLength(3);
    });
    it('places sessions on a host that cannot start sandboxes only where there is no other', async () => {
      await subject.hosts.beat({ ...host('a'), ready: false }, TIMEOUT);
      expect(await subject.hosts.place(await subject.session(), TIMEOUT)).toMatchObject({ hostId: 'a' });
      await beat('b');
      for (let count = 0; count < 3; count++)
        expect(await subject.hosts.place(await subject.session(), TIMEOUT)).toMatchObject({ hostId: 'b' });
    });
    it('moves a session whose host is gone, and says from where', async () => {
      const session = await subject.session();
      await beat('a');
      const first = await subject.hosts.place(session, TIMEOUT);
      await beat('b');
      await pass(3 * TIMEOUT, 'b');
      const second = await subject.hosts.place(session, TIMEOUT);
      expect(second).toMatchObject({ hostId: 'b', movedFrom: 'a' });
      expect(second?.id).not.toBe(first?.id);
      expect(await subject.hosts.leftBehind('a', new Map([[session, first?.id ?? '']]))).toEqual([session]);
      expect(await subject.hosts.leftBehind('b', new Map([[session, second?.id ?? '']]))).toEqual([]);
      expect(await subject.hosts.leftBehind('a', new Map([['unknown', 'x']]))).toEqual([]);
    });
    it('moves nobody while no other host was there all the time: the silence may be ours', async () => {
      const session = await subject.session();
      await beat('a', 'b');
      const first = await subject.hosts.place(session, TIMEOUT);
      await subject.pass(10 * TIMEOUT);
      const other = first?.hostId === 'a' ? 'b' : 'a';
      await beat(other);
      expect(await subject.hosts.place(session, TIMEOUT)).toEqual(first);
      expect(await subject.hosts.reap(TIMEOUT)).toEqual([]);
      await pass(2 * TIMEOUT, other);
      expect(await subject.hosts.place(session, TIMEOUT)).toMatchObject({ hostId: other });
    });
    it('names the living hosts in the order of their registration', async () => {
      await beat('b');
      await delay(5);
      await beat('a');
      await beat('b');
      expect((await subject.hosts.alive(TIMEOUT)).map(({ id }) => id)).toEqual(['b', 'a']);
    });
    it('finds a host lost once, until it comes back', async () => {
      await beat('a', 'b');
      await pass(3 * TIMEOUT, 'b');
      expect(await subject.hosts.alive(TIMEOUT)).toEqual([host('b')]);
      expect(await subject.hosts.reap(TIMEOUT)).toEqual(['a']);
      expect(await subject.hosts.reap(TIMEOUT)).toEqual([]);
      await beat('a');
      await pass(3 * TIMEOUT, 'b');
      expect(await subject.hosts.reap(TIMEOUT)).toEqual(['a']);
    });
    it('gives a notice to one call, again and again, or to the next when that was sealed', async () => {
      const session = await subject.session();
      await beat('a');
      const placement = await subject.hosts.place(session, TIMEOUT);
      expect(await subject.hosts.takeNotice(session, 'one')).toBeNull();
      await subject.hosts.keepNotice(session, 'another placement', 'moved');
      expect(await subject.hosts.takeNotice(session, 'one')).toBeNull();
      await subject.hosts.keepNotice(session, placement?.id ?? '', 'moved');
      expect(await subject.hosts.takeNotice(session, 'one')).toBe('moved');
      expect(await subject.hosts.takeNotice(session, 'two')).toBeNull();
      expect(await subject.hosts.takeNotice(session, 'one')).toBe('moved');
      await subject.endCall(session, 'one', 'sealed');
      expect(await subject.hosts.takeNotice(session, 'two')).toBe('moved');
      expect(await subject.hosts.takeNotice(session, 'three')).toBeNull();
      await subject.endCall(session, 'two', 'committed');
      expect(await subject.hosts.takeNotice(session, 'three')).toBeNull();
    });
    it('records a checkpoint after the one that it follows, for the placement that it is of', async () => {
      const sessionId = await subject.session();
      await beat('a');
      const placement = (await subject.hosts.place(sessionId, TIMEOUT))?.id ?? '';
      const parts = [{ sha256: 'a'.repeat(64), bytes: 10 }];
      const first = { sessionId, workspaceId: 'w', format: 'f', mark: 'm1', parts, attached: {}, lastSeq: 4 };
      const { checkpoints } = subject;
      expect(await checkpoints.get(sessionId)).toBeNull();
      expect(await checkpoints.record(first, null, 'another')).toBe(false);
      expect(await checkpoints.record(first, 'unknown', placement)).toBe(false);
      expect(await checkpoints.record(first, null, placement)).toBe(true);
      expect(await checkpoints.get(sessionId)).toMatchObject(first);
      const second = { ...first, mark: 'm2', attached: { '/workspace/x': 'y' }, lastSeq: 9 };
      expect(await checkpoints.record(second, null, placement)).toBe(false);
      expect(await checkpoints.record(second, 'm1', placement)).toBe(true);
      expect(await checkpoints.record({ ...first, mark: 'm3' }, 'm1', placement)).toBe(false);
      expect(await checkpoints.get(sessionId)).toMatchObject(second);
    });
  });
}
