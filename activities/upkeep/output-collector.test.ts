import { text } from 'node:stream/consumers';
import pino from 'pino';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { quotaExceeded } from '../../core/files/quota-exceeded.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import { createInMemorySandboxDriver } from '../../providers/sandbox/in-memory.ts';
import type { SandboxDriver, SandboxSpec } from '../../providers/sandbox/sandbox.ts';
import type { FileStore, StoredFile } from '../../providers/store/files.ts';
import { createOutputCollector, type OutputCollector } from './output-collector.ts';

const spec: SandboxSpec = { workspaceId: 'wrk', sessionId: 'sesn_1', environmentId: 'env_1' };

describe('the output collector', () => {
  let driver: SandboxDriver;
  let collector: OutputCollector;
  let rows: StoredFile[];
  const blobs = createInMemoryBlobStore();
  let calls = 0;

  const files: Pick<FileStore, 'get' | 'create' | 'list' | 'delete'> = {
    get: (_workspace, id) => Promise.resolve(rows.find((row) => row.id === id) ?? null),
    create(file, quotaBytes) {
      const total = rows.reduce((sum, { bytes }) => sum + bytes, file.bytes);
      if (total > quotaBytes) return Promise.reject(quotaExceeded(quotaBytes));
      const row: StoredFile = { ...file, createdAt: rows.length, expiresAt: null };
      rows.push(row);
      return Promise.resolve(row);
    },
    list: (_workspace, { sessionId, limit, from }) => {
      const start = from === null ? 0 : rows.findIndex((row) => row.id === from.position.id) + 1;
      const mine = rows.slice(start).filter((row) => row.sessionId === sessionId);
      return Promise.resolve({ items: mine.slice(0, limit), hasMore: mine.length > limit });
    },
    delete(_workspace, id) {
      rows = rows.filter((row) => row.id !== id);
      return Promise.resolve(true);
    },
  };
  const makeCollector = (quotaBytes = 1_000): OutputCollector =>
    createOutputCollector({
      driver,
      files,
      blobs,
      specOf: () => Promise.resolve(spec),
      maxFileBytes: 100,
      quotaBytes,
      expireAfterSeconds: null,
      log: pino({ level: 'silent' }),
    });
  async function write(path: string, content: string): Promise<void> {
    const operation = { type: 'write', path: `/mnt/session/outputs/${path}`, content } as const;
    await driver.open(spec).call({ id: `sevt_${++calls}`, operation }, 'start');
  }

  beforeEach(() => {
    rows = [];
    driver = createInMemorySandboxDriver();
    collector = makeCollector();
  });

  it('makes outputs files of the session', async () => {
    await write('charts/result.csv', 'a,b');
    await collector.collect(spec);
    expect(rows).toMatchObject([
      {
        workspaceId: 'wrk',
        sessionId: 'sesn_1',
        filename: 'result.csv',
        mimeType: 'text/csv',
        bytes: 3,
        downloadable: true,
      },
    ]);
    expect(await text(await blobs.open('wrk', rows[0]?.sha256 ?? ''))).toBe('a,b');
  });
  it('makes each once, also when another worker collects again', async () => {
    await write('one.txt', 'one');
    await collector.collect(spec);
    await collector.collect(spec);
    await makeCollector().collect(spec);
    expect(rows).toHaveLength(1);
  });
  it('replaces a file whose output changed, and leaves a file of the same name that the user attached', async () => {
    const attached = await files.create(
      {
        id: 'file_attached',
        workspaceId: 'wrk',
        sessionId: 'sesn_1',
        filename: 'one.txt',
        mimeType: 'text/plain',
        bytes: 1,
        sha256: 'x',
        downloadable: true,
        expiresInSeconds: null,
      },
      1_000,
    );
    await write('one.txt', 'first');
    await collector.collect(spec);
    await write('one.txt', 'second');
    await makeCollector().collect(spec);
    const made = rows.filter((row) => row.id !== attached.id);
    expect(rows).toContain(attached);
    expect(made).toHaveLength(1);
    expect(await text(await blobs.open('wrk', made[0]?.sha256 ?? ''))).toBe('second');
  });
  it('leaves what the workspace has no room for, and collects the others', async () => {
    await write('large.bin', 'x'.repeat(99));
    await write('small.txt', 'small');
    await makeCollector(50).collect(spec);
    expect(rows.map((row) => row.filename)).toEqual(['small.txt']);
  });
  it('leaves a file that is too large, and collects the others', async () => {
    await write('huge.bin', 'x'.repeat(101));
    await write('small.txt', 'small');
    await collector.collect(spec);
    expect(rows.map((row) => row.filename)).toEqual(['small.txt']);
  });
  it('collects soon after a call, once for a burst', async () => {
    vi.useFakeTimers();
    await write('one.txt', 'one');
    for (let round = 0; round < 5; round++) collector.schedule(spec);
    await vi.advanceTimersByTimeAsync(2_000);
    vi.useRealTimers();
    await collector.stop();
    expect(rows.map((row) => row.filename)).toEqual(['one.txt']);
  });
  it('looks into few sandboxes at once after a start, however many run', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `sesn_${index}`);
    let [open, most, looks] = [0, 0, 0];
    driver = {
      ...driver,
      list: async () => names.map((sessionId) => ({ sessionId, state: 'running' as const })),
      open: (opened) => ({
        ...createInMemorySandboxDriver().open(opened),
        files: {
          ...createInMemorySandboxDriver().open(opened).files,
          outputs: async () => {
            looks++;
            most = Math.max(most, ++open);
            await new Promise(setImmediate);
            open--;
            return [];
          },
        },
      }),
    };
    await makeCollector().collectAll();
    expect(looks).toBe(20);
    expect(most).toBeLessThanOrEqual(2);
  });
  it('finds what nobody collected, in every sandbox that runs', async () => {
    await write('left.txt', 'left');
    await collector.collectAll();
    await collector.stop();
    expect(rows.map((row) => row.filename)).toEqual(['left.txt']);
  });
});
