import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isAppError } from '../../core/errors.ts';
import { testDecoder } from '../../test/harness/test-decoder.ts';
import type { Decoder, DecodeOutcome } from './decoder.ts';

const never = new AbortController().signal;
const modules = { hostile: path.join(import.meta.dirname, '../../test/hostile-jobs/hostile.ts') };

let folder: string;
let secret: string;
let server: Server;
let port: number;
let connections = 0;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'decoder-'));
  secret = path.join(folder, 'secret');
  writeFileSync(secret, 'the password', { mode: 0o644 });
  server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
  process.env['A_SECRET_OF_THE_SERVICE'] = 'the key';
});
afterAll(async () => {
  delete process.env['A_SECRET_OF_THE_SERVICE'];
  rmSync(folder, { recursive: true, force: true });
  await new Promise((resolve) => server.close(resolve));
});

const deedOn =
  (decoder: Decoder) =>
  async (
    deed: string,
    more: { path?: string; milliseconds?: number; workspaceId?: string; signal?: AbortSignal } = {},
  ) =>
    decoder.decode(
      {
        kind: 'hostile',
        workspaceId: more.workspaceId ?? 'w',
        value: { do: deed, path: more.path ?? '', port },
        parts: [],
        milliseconds: more.milliseconds ?? 30_000,
        answerBytes: 10_000,
      },
      more.signal ?? never,
    );

const valueOf = (outcome: DecodeOutcome): unknown => (outcome.ok ? outcome.value : outcome);
const DENIED = /^(?:ERR_ACCESS_DENIED|EACCES|EPERM|ENOENT|EROFS|EAFNOSUPPORT|ENETUNREACH|ENOSYS|EFBIG)$/;

/** Whether bubblewrap works on this host; where it does not, the tests of its wall say so by their name. */
const probed = testDecoder({ modules, isolations: ['bubblewrap'] });
const hasBubblewrap = (await probed.probe()).isolation === 'bubblewrap';
await probed.close();

describe.each([
  { name: 'held by bubblewrap and the rules of Node.js', isolation: 'bubblewrap', isInnerOpen: false },
  { name: 'held by bubblewrap alone', isolation: 'bubblewrap', isInnerOpen: true },
  { name: 'held by the rules of Node.js alone', isolation: 'permissions', isInnerOpen: false },
] as const)('a decoder that was taken over, $name', ({ isolation, isInnerOpen }) => {
  const isHere = isolation === 'permissions' || hasBubblewrap;
  const there = it.runIf(isHere);
  if (!isHere) it.skip('needs bubblewrap (Debian: bubblewrap, util-linux) and user namespaces');
  const decoder = testDecoder({ modules, isolations: [isolation], isInnerOpen });
  const deed = deedOn(decoder);
  afterAll(() => decoder.close());

  there('says how it is held', async () => {
    expect(decoder.known()).toBeNull();
    const probe = await decoder.probe();
    expect(probe).toMatchObject({ isolation });
    expect(decoder.known()).toEqual(probe);
  });

  there('sees nothing of the environment', async () => {
    expect(JSON.stringify(await deed('environment'))).not.toMatch(/the key|A_SECRET|HOME|DATA_DIR/);
  });

  there('reads no file of the host, of the service or of other processes', async () => {
    const places = [
      secret,
      '/etc/passwd',
      '/etc/shadow',
      '/proc/1/environ',
      '/proc/self/environ',
      import.meta.filename,
    ];
    for (const place of places) {
      expect(valueOf(await deed('read', { path: place })), place).toMatch(DENIED);
    }
    for (const place of [folder, '/home', '/root', '/var', '/tmp', '/work', '/proc', '/run']) {
      expect(valueOf(await deed('list', { path: place })), place).toMatch(DENIED);
    }
  });

  there('writes nowhere', async () => {
    for (const place of [secret, '/x', '/tmp/x', '/dev/shm/x', '/decoder/x', './x', '/decoder/main.mjs']) {
      expect(valueOf(await deed('write', { path: place })), place).toMatch(DENIED);
    }
  });

  there('starts no process', async () => {
    expect(valueOf(await deed('processes'))).toMatch(DENIED);
  });

  it.runIf(isHere && isolation === 'bubblewrap')('connects to nobody', async () => {
    expect(valueOf(await deed('connect'))).toMatch(DENIED);
    expect(connections).toBe(0);
  });
});

describe('a decoder', () => {
  const decoder = testDecoder({ modules, limits: { memoryBytes: 300 * 1024 * 1024 } });
  const deed = deedOn(decoder);
  afterAll(() => decoder.close());

  it.each([
    ['computes for ever', 'loop', 'time', 300],
    ['exits', 'exit', 'ended', 30_000],
    ['crashes', 'abort', 'ended', 30_000],
    ['floods its answers', 'flood', 'ended', 30_000],
    ['answers nonsense', 'nonsense', 'ended', 30_000],
  ])('that %s is killed, and the next job gets a new one', async (_title, name, cause, milliseconds) => {
    expect(await deed(name, { milliseconds })).toMatchObject({ ok: false, cause });
    expect(await deed('fine')).toMatchObject({ ok: true, value: 'fine' });
  });

  // Elsewhere nobody tells how much memory a process takes.
  it.runIf(process.platform === 'linux')(
    'that takes too much memory is killed, and the next job gets a new one',
    async () => {
      expect(await deed('memory')).toMatchObject({ ok: false, cause: 'memory' });
      expect(await deed('fine')).toMatchObject({ ok: true, value: 'fine' });
    },
  );

  it('that fills its heap ends, and the next job gets a new one', async () => {
    const own = testDecoder({ modules, limits: { heapMb: 64 } });
    expect(await deedOn(own)('heap')).toMatchObject({ ok: false, cause: 'ended' });
    expect(await deedOn(own)('fine')).toMatchObject({ ok: true });
    await own.close();
  });

  it('that answers before it is asked has no say in the next job', async () => {
    const own = testDecoder({ modules });
    expect(await deedOn(own)('later')).toMatchObject({ ok: true, value: 'an answer' });
    const seen: unknown[] = [];
    await vi.waitFor(async () => {
      const outcome = await deedOn(own)('fine');
      seen.push(valueOf(outcome));
      expect([seen.length > 3, outcome.ok]).toEqual([true, true]);
    });
    expect(seen).not.toContain('poison');
    await own.close();
  });

  it('is killed when its caller has gone', async () => {
    const gone = new AbortController();
    const looping = deed('loop', { signal: gone.signal });
    setTimeout(() => gone.abort(new Error('gone')), 200);
    await expect(looping).rejects.toThrow('gone');
    expect(await deed('fine')).toMatchObject({ ok: true });
  });

  it('leaves one workspace room while another has too much to do', async () => {
    const own = testDecoder({ modules });
    const gone = new AbortController();
    const greedy = Array.from({ length: 5 }, async () =>
      deedOn(own)('loop', { workspaceId: 'greedy', signal: gone.signal }).catch((error: unknown) => error),
    );
    expect(await deedOn(own)('fine', { workspaceId: 'modest' })).toMatchObject({ ok: true });
    gone.abort(new Error('enough'));
    await Promise.all(greedy);
    await own.close();
  });

  it('lets no workspaces that send too much keep another one out', async () => {
    const own = testDecoder({ modules, waitingJobs: 4, processes: 2 });
    const gone = new AbortController();
    const refused: string[] = [];
    const greedy = Array.from({ length: 20 }, async (_, index) => {
      const job = { workspaceId: `greedy-${index % 2}`, milliseconds: 300, signal: gone.signal };
      return deedOn(own)('loop', job).catch((error: unknown) => {
        if (isAppError(error)) refused.push(error.code);
      });
    });
    expect(await deedOn(own)('fine', { workspaceId: 'modest' })).toMatchObject({ ok: true });
    expect(refused.length).toBeGreaterThanOrEqual(12);
    gone.abort(new Error('enough'));
    await Promise.all(greedy);
    await own.close();
  });

  it('says so when too much waits, and lets go of those whose caller has gone', async () => {
    const own = testDecoder({ modules, waitingJobs: 1, processes: 1 });
    const gone = new AbortController();
    const [first, second] = [
      deedOn(own)('loop', { signal: gone.signal }),
      deedOn(own)('fine', { signal: gone.signal }),
    ];
    await expect(deedOn(own)('fine')).rejects.toSatisfy(
      (error) => isAppError(error) && error.code === 'unavailable',
    );
    gone.abort(new Error('gone'));
    expect((await Promise.allSettled([first, second])).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
    ]);
    expect(await deedOn(own)('fine')).toMatchObject({ ok: true });
    await own.close();
  });

  it('starts again after it has ended for want of work', async () => {
    const own = testDecoder({ modules, idleMs: 1 });
    expect(await deedOn(own)('fine')).toMatchObject({ ok: true });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await deedOn(own)('fine')).toMatchObject({ ok: true });
    await own.close();
  });

  it('does not inherit what whoever started the service left open', () => {
    const stray = openSync(secret, 'r');
    const program = path.join(import.meta.dirname, '../../test/hostile-jobs/with-stray-descriptor.ts');
    // Node itself closes the first few to its children.
    const stdio = [
      'ignore',
      'pipe',
      'inherit',
      ...Array.from({ length: 27 }, () => 'ignore' as const),
      stray,
    ] as const;
    const { stdout } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', program, '30'], {
      stdio: [...stdio],
    });
    closeSync(stray);
    expect(JSON.parse(stdout.toString())).toMatchObject({ ok: true, value: 0 });
  });

  it('that cannot be started is unavailable, says why, and is tried again', async () => {
    const own = testDecoder({ modules, folder: secret });
    expect(await own.probe()).toMatchObject({
      isolation: 'none',
      detail: expect.stringContaining('cannot be read') as string,
    });
    await expect(deedOn(own)('fine')).rejects.toMatchObject({ code: 'unavailable' });
    await own.close();
  });

  it('does nothing more once it is closed', async () => {
    const own = testDecoder({ modules });
    const refused = expect(deedOn(own)('loop')).rejects.toMatchObject({ code: 'unavailable' });
    await own.probe();
    await own.close();
    await refused;
    await expect(deedOn(own)('fine')).rejects.toMatchObject({ code: 'unavailable' });
  });
});
