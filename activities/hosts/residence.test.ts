import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAppError } from '../../core/errors.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import { openHostFolder, type HostFolder } from '../../providers/host/host-folder.ts';
import { createInMemorySandboxDriver } from '../../providers/sandbox/in-memory.ts';
import type { ApartSandboxes, SandboxDriver, SandboxSpec } from '../../providers/sandbox/sandbox.ts';
import { createInMemoryHosts } from '../../providers/store/in-memory/hosts.ts';
import { NO_HOST_METRICS, type HostMetrics } from '../../providers/telemetry/host-metrics.ts';
import { createCheckpointer, type Checkpointer } from './checkpointer.ts';
import { createPutAway } from './put-away.ts';
import { createResidence, type Residence } from './residence.ts';

const TIMEOUT = 30_000;
const LIMITS = { bytes: 1_000, files: 100 };
const log = pino({ level: 'silent' });
const spec: SandboxSpec = { workspaceId: 'w', sessionId: 'sesn_1', environmentId: 'env' };

interface Host {
  folder: HostFolder;
  driver: SandboxDriver;
  residence: Residence;
  checkpointer: Checkpointer;
  beat(): Promise<unknown>;
}

describe('hosts that sessions live on', () => {
  let root: string;
  let time: number;
  let head: { status: 'idle' | 'running'; busy: boolean; lastSeq: number };
  let ended: number[];
  let told: string[];
  let stores: ReturnType<typeof createInMemoryHosts>;
  let blobs: ReturnType<typeof createInMemoryBlobStore>;
  let calls: number;
  let recorded: string[];

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'residence-'));
    time = 1_000_000;
    calls = 0;
    recorded = [];
    head = { status: 'idle', busy: false, lastSeq: 0 };
    ended = [];
    told = [];
    stores = createInMemoryHosts(
      () => time,
      async (_session, after) => ended.filter((seq) => seq > after).length,
    );
    blobs = createInMemoryBlobStore(() => time);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /** A worker on a host; given the driver of another one, on the same host. */
  function worker(name: string, driver = createInMemorySandboxDriver()): Host {
    const folder = openHostFolder(path.join(root, name));
    const metrics: HostMetrics = {
      ...NO_HOST_METRICS,
      checkpoint: ({ outcome }) => void recorded.push(`checkpoint ${outcome}`),
      restore: ({ outcome }) => void recorded.push(`restore ${outcome}`),
    };
    const shared = { folder, driver, blobs, log, limits: LIMITS, metrics, ...stores };
    const residence = createResidence({ ...shared, taskQueue: `queue-${name}`, timeoutMs: TIMEOUT });
    const checkpointer = createCheckpointer({
      ...shared,
      residence,
      journal: { head: async () => Object.assign({}, head) as never },
      specOf: async () => spec,
      tell: async (_session, message) => void told.push(message),
      intervalMs: 300_000,
      now: () => time,
    });
    const { id } = folder;
    const host = {
      id,
      taskQueue: `queue-${name}`,
      driver: 'd',
      isolation: 'none',
      ready: true,
      capacity: null,
    };
    return { folder, driver, residence, checkpointer, beat: () => stores.hosts.beat(host, TIMEOUT) };
  }
  async function pass(milliseconds: number, ...alive: Host[]): Promise<void> {
    for (let past = 0; past < milliseconds; past += TIMEOUT / 2) {
      time += TIMEOUT / 2;
      for (const host of alive) await host.beat();
    }
  }
  /** A call as the hands run it. */
  async function run(host: Host, command: string): Promise<string> {
    await host.residence.admit(spec.sessionId);
    await host.residence.settle(spec);
    host.checkpointer.began(spec);
    const operation = { type: 'bash', command, timeoutMs: 60_000 } as const;
    const outcome = await host.driver.open(spec).call({ id: `call_${++calls}`, operation }, 'start');
    host.checkpointer.ended(spec);
    head.lastSeq += 2;
    ended.push(head.lastSeq);
    return outcome.state === 'finished' ? outcome.result.text : outcome.reason;
  }
  const wrongHost = (error: unknown): boolean => isAppError(error) && error.code === 'wrong_host';
  async function twoHosts(): Promise<[Host, Host]> {
    const [one, other] = [worker('one'), worker('other')];
    await one.beat();
    await one.residence.admit(spec.sessionId);
    await other.beat();
    return [one, other];
  }

  /** A driver as of sandboxes that live apart from hosts. */
  function livingApart(look: ApartSandboxes['look']): SandboxDriver {
    const driver = createInMemorySandboxDriver();
    const renew = ({ sessionId }: SandboxSpec): Promise<void> => driver.destroy(sessionId);
    return { ...driver, apart: { look, renew } };
  }

  it('refuse calls of sessions that are on another living host', async () => {
    const [one, other] = await twoHosts();
    await one.residence.admit(spec.sessionId);
    await expect(other.residence.admit(spec.sessionId)).rejects.toSatisfy(wrongHost);
  });

  it('are one host for all workers on the same folder', async () => {
    const [one] = await twoHosts();
    const sibling = worker('one', one.driver);
    expect(await run(one, 'echo 1 > a')).toBe('');
    expect(await run(sibling, 'cat a')).toBe('1\n');
    expect(await sibling.residence.takeNotice(spec.sessionId, 'x')).toBeNull();
  });

  it('save no more than what there is time for when they stop', async () => {
    const one = worker('one');
    await one.beat();
    for (const sessionId of ['sesn_1', 'sesn_2', 'sesn_3', 'sesn_4', 'sesn_5']) {
      await one.residence.admit(sessionId);
      const other = { ...spec, sessionId };
      await one.residence.settle(other);
      one.checkpointer.began(other);
      const operation = { type: 'bash', command: 'echo 1 > a', timeoutMs: 60_000 } as const;
      await one.driver.open(other).call({ id: `call_${++calls}`, operation }, 'start');
      one.checkpointer.ended(other);
    }
    // Each save takes a second.
    const { putStream } = blobs;
    blobs.putStream = async (...words) => {
      time += 1_000;
      return putStream(...words);
    };
    await one.checkpointer.stop(1_500);
    expect(recorded.length).toBeLessThan(5);
    expect(one.folder.noted('unsaved', 0).length).toBeGreaterThan(0);
  });

  it('take over a session whose host is gone, with what was saved, and tell of it once', async () => {
    const [one, other] = await twoHosts();
    await run(one, 'echo 1 > a');
    await one.checkpointer.round();
    await pass(3 * TIMEOUT, other);
    expect(await run(other, 'cat a')).toBe('1\n');
    expect(recorded).toEqual(['checkpoint saved', 'restore restored']);
    const notice = await other.residence.takeNotice(spec.sessionId, 'first');
    expect(notice).toMatch(/No call ended after that/);
    expect(await other.residence.takeNotice(spec.sessionId, 'second')).toBeNull();
  });

  it('tell how many calls ended that no checkpoint holds, and when there was none', async () => {
    const [one, other] = await twoHosts();
    await run(one, 'echo 1 > a');
    await one.checkpointer.round();
    await run(one, 'echo 2 > a');
    await run(one, 'echo 3 > a');
    await pass(3 * TIMEOUT, other);
    expect(await run(other, 'cat a')).toBe('1\n');
    expect(await other.residence.takeNotice(spec.sessionId, 'x')).toMatch(/2 calls ended after that/);
    await pass(3 * TIMEOUT, one);
    await one.residence.admit(spec.sessionId);
    await one.residence.settle(spec);
    expect(await one.residence.takeNotice(spec.sessionId, 'y')).toMatch(/3 calls ended after that/);
  });

  it('start empty where nothing was saved, or what was saved is gone, and say so', async () => {
    const [one, other] = await twoHosts();
    await run(one, 'echo 1 > a');
    await pass(3 * TIMEOUT, other);
    expect(await run(other, 'cat a')).toContain('No such file');
    expect(await other.residence.takeNotice(spec.sessionId, 'x')).toMatch(/Nothing of it had been saved/);
    await run(other, 'echo 2 > b');
    await other.checkpointer.round();
    await blobs.sweep(-1, async () => false);
    await pass(3 * TIMEOUT, one);
    expect(await run(one, 'cat b')).toContain('No such file');
    expect(await one.residence.takeNotice(spec.sessionId, 'y')).toMatch(/cannot be read/);
    expect(recorded).toEqual(['restore nothing_saved', 'checkpoint saved', 'restore unreadable']);
  });

  it('destroy what an earlier stay left, when the session comes back and when it is elsewhere', async () => {
    const [one, other] = await twoHosts();
    await run(one, 'echo 1 > a');
    await one.checkpointer.round();
    await run(one, 'echo left > behind');
    await pass(3 * TIMEOUT, other);
    await run(other, 'echo 2 > a');
    await other.checkpointer.round();
    await pass(3 * TIMEOUT, one);
    expect(await run(one, 'cat a; cat behind')).toMatch(/^2\ncat: behind: No such file/);

    await other.beat();
    await other.residence.evict();
    expect(await other.driver.list()).toEqual([]);
    await one.residence.evict();
    expect(await one.driver.list()).toHaveLength(1);
  });

  it('leave a sandbox that lives apart from them as it is, and say nothing', async () => {
    const apart = livingApart(async () => 'kept');
    const [one, other] = [worker('one', apart), worker('other', apart)];
    await one.beat();
    expect(await run(one, 'echo 1 > a')).toBe('');
    await pass(3 * TIMEOUT, other);
    expect(await run(other, 'cat a')).toBe('1\n');
    expect(await other.residence.takeNotice(spec.sessionId, 'x')).toBeNull();
    await one.beat();
    await one.residence.evict();
    expect(await run(other, 'cat a')).toBe('1\n');
  });

  it('make a sandbox that lives apart anew where it was lost, and tell of it', async () => {
    let found: 'kept' | 'lost' = 'kept';
    const asked: string[] = [];
    const apart = livingApart(async (_spec, what) => {
      asked.push(what);
      return found;
    });
    const one = worker('one', apart);
    await one.beat();
    await run(one, 'echo 1 > a');
    await one.checkpointer.round();
    await run(one, 'echo 2 > a');
    await apart.destroy(spec.sessionId);
    found = 'lost';
    expect(await run(one, 'cat a')).toContain('No such file');
    // As after a call that found no sandbox.
    one.residence.doubt(spec.sessionId);
    expect(await run(one, 'cat a')).toBe('1\n');
    expect(asked).toEqual(['if_known', 'always']);
    const notice = await one.residence.takeNotice(spec.sessionId, 'x');
    expect(notice).toMatch(/^\[The container that held .*2 calls ended after that/);
    expect(await one.residence.takeNotice(spec.sessionId, 'y')).toBeNull();
  });

  it('save a session once it is idle, and not again while nothing changes', async () => {
    const [one] = await twoHosts();
    head.status = 'running';
    await run(one, 'echo 1 > a');
    await one.checkpointer.round();
    expect(await stores.checkpoints.get(spec.sessionId)).toBeNull();
    head.status = 'idle';
    await one.checkpointer.round();
    const first = await stores.checkpoints.get(spec.sessionId);
    expect(first).toMatchObject({ lastSeq: head.lastSeq });
    await run(one, 'cat a');
    await one.checkpointer.round();
    // What was saved stands, for later calls too.
    const second = await stores.checkpoints.get(spec.sessionId);
    expect(second).toMatchObject({ mark: first?.mark, parts: first?.parts, lastSeq: head.lastSeq });
  });

  it('save a long turn between its calls', async () => {
    const [one] = await twoHosts();
    head.status = 'running';
    await run(one, 'echo 1 > a');
    one.checkpointer.began(spec);
    time += 400_000;
    await one.beat();
    await one.checkpointer.round();
    expect(await stores.checkpoints.get(spec.sessionId)).toBeNull();
    one.checkpointer.ended(spec);
    await one.checkpointer.round();
    expect(await stores.checkpoints.get(spec.sessionId)).not.toBeNull();
  });

  it('save what a worker that died left unsaved', async () => {
    const [one] = await twoHosts();
    await run(one, 'echo 1 > a');
    expect(one.folder.noted('unsaved', 0)).toEqual([spec.sessionId]);
    await worker('one', one.driver).checkpointer.round();
    expect(await stores.checkpoints.get(spec.sessionId)).not.toBeNull();
    expect(one.folder.noted('unsaved', 0)).toEqual([]);
  });

  it('save what is left when they stop, while there is time', async () => {
    const [one] = await twoHosts();
    await run(one, 'echo 1 > a');
    await one.checkpointer.stop(5_000);
    expect(await stores.checkpoints.get(spec.sessionId)).not.toBeNull();
  });

  it('tell a session once that it is too large to be saved, until it is saved again', async () => {
    const [one] = await twoHosts();
    await run(one, `echo ${'x'.repeat(2_000)} > large`);
    await one.checkpointer.round();
    await run(one, 'cat large');
    await one.checkpointer.round();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/not saved/);
    await run(one, 'echo small > large');
    await one.checkpointer.round();
    expect(await stores.checkpoints.get(spec.sessionId)).not.toBeNull();
    await run(one, `echo ${'x'.repeat(2_000)} > large`);
    await one.checkpointer.round();
    expect(told).toHaveLength(2);
    expect(recorded.map((line) => line.slice('checkpoint '.length))).toEqual([
      'too_large',
      'too_large',
      'saved',
      'too_large',
    ]);
  });

  it('put a sandbox away that nobody used for long, with what was written after its last call, and bring it back', async () => {
    const one = worker('one');
    await one.beat();
    await stores.hosts.place(spec.sessionId, TIMEOUT);
    await run(one, 'echo 1 > a');
    await one.checkpointer.round();
    // As a process that a command left.
    const operation = { type: 'bash', command: 'echo 2 > a', timeoutMs: 60_000 } as const;
    await one.driver.open(spec).call({ id: 'left', operation }, 'start');
    const counted: string[] = [];
    const putAway = createPutAway({
      ...one,
      hosts: stores.hosts,
      afterMs: 1_000_000,
      removed: (what, count) => void counted.push(`${count} ${what}`),
      now: () => time,
      log,
    });
    await putAway.round();
    expect(await one.driver.list()).toHaveLength(1);
    await pass(2_000_000, one);
    await putAway.round();
    expect(await one.driver.list()).toEqual([]);
    expect(one.folder.placementOf(spec.sessionId)).toBeUndefined();
    await putAway.round();
    expect(counted).toEqual(['1 sandboxes']);

    await stores.hosts.place(spec.sessionId, TIMEOUT);
    expect(await run(one, 'cat a')).toBe('2\n');
    expect(await one.residence.takeNotice(spec.sessionId, 'x')).toMatch(
      /^\[This session's sandbox was not used for long.*No call ended after that/,
    );
    expect(recorded).toEqual(['checkpoint saved', 'checkpoint saved', 'restore restored']);
  });

  it('do not put a sandbox away that cannot be saved', async () => {
    const one = worker('one');
    await one.beat();
    await stores.hosts.place(spec.sessionId, TIMEOUT);
    await run(one, 'echo 1 > a');
    await one.checkpointer.round();
    await run(one, `echo ${'x'.repeat(2_000)} > large`);
    await pass(2_000_000, one);
    const removed = (): void => expect.unreachable();
    const deps = { ...one, hosts: stores.hosts, afterMs: 1_000_000, removed, now: () => time, log };
    const putAway = createPutAway(deps);
    await putAway.round();
    await putAway.round();
    expect(await run(one, 'cat a')).toBe('1\n');
    // Not tried again and again: it is started for that.
    expect(recorded).toEqual(['checkpoint saved', 'checkpoint too_large']);
  });

  it('do not save a session that went on elsewhere', async () => {
    const [one, other] = await twoHosts();
    await run(one, 'echo 1 > a');
    await pass(3 * TIMEOUT, other);
    await run(other, 'echo 2 > a');
    await one.checkpointer.round();
    expect(await stores.checkpoints.get(spec.sessionId)).toBeNull();
    expect(recorded).toEqual(['restore nothing_saved', 'checkpoint elsewhere']);
    await other.checkpointer.round();
    expect(await stores.checkpoints.get(spec.sessionId)).not.toBeNull();
  });
});
