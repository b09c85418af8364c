import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFilesystemBlobStore } from '../providers/blob/filesystem.ts';
import { createBubblewrapDriver } from '../providers/sandbox/bubblewrap/driver.ts';

/** How long it takes to save what a sandbox keeps, to find that nothing changed, to save changes, and to restore it all elsewhere. */
const LIMITS = { bytes: 4 * 1024 ** 3, files: 200_000 };
const SHAPES = [
  { name: '10 MB in 100 files', make: 'for i in $(seq 100); do head -c 100000 /dev/urandom > f$i; done' },
  { name: '200 MB in 200 files', make: 'for i in $(seq 200); do head -c 1000000 /dev/urandom > f$i; done' },
  {
    name: '20,000 files of 4 kB',
    make: "python3 -c \"\nimport os\nfor i in range(20000):\n os.makedirs(f'd{i//100}', exist_ok=True); open(f'd{i//100}/f{i}','wb').write(os.urandom(2000)+b'x'*2000)\"",
  },
];

const folder = mkdtempSync(path.join(tmpdir(), 'managed-agent-bench-'));
chmodSync(folder, 0o755);
const driver = createBubblewrapDriver({ dataFolder: folder, log: () => undefined });
const blobs = createFilesystemBlobStore(path.join(folder, 'blobs'));
let ids = 0;
try {
  for (const [index, { name, make }] of SHAPES.entries()) {
    const sandbox = driver.open({ workspaceId: 'w', sessionId: `sesn_${index}`, environmentId: 'e' });
    const bash = async (command: string) =>
      sandbox.call(
        { id: `sevt_${++ids}`, operation: { type: 'bash', command, timeoutMs: 120_000 } },
        'start',
      );
    await bash(make);
    const save = async (since: string | null) => {
      const saved = await sandbox.archive?.save(since, LIMITS);
      if (!saved) return null;
      const blob = await blobs.putStream('w', saved.content, LIMITS.bytes);
      return { ...saved, blob };
    };
    const full = await timed(`${name}: full`, () => save(null));
    await timed(`${name}: unchanged`, () => save(full?.mark ?? null));
    await bash('echo changed > changed');
    const changes = await timed(`${name}: one file changed`, () => save(full?.mark ?? null));
    const meanwhile = save(null);
    await timed(`${name}: a command during a save`, () => bash('true'));
    await meanwhile;
    await timed('a command without one', () => bash('true'));
    const other = driver.open({ workspaceId: 'w', sessionId: `sesn_other_${index}`, environmentId: 'e' });
    const parts = [full, changes].flatMap((part) => (part ? [part.blob] : []));
    await timed(`${name}: restore (${(parts[0]?.bytes ?? 0) >> 20} MiB stored)`, async () =>
      other.archive?.restore(
        parts.map(
          ({ sha256 }) =>
            () =>
              blobs.open('w', sha256),
        ),
        { mark: changes?.mark ?? '', attached: {} },
        LIMITS,
      ),
    );
  }
} finally {
  for (const { sessionId } of await driver.list()) await driver.destroy(sessionId);
  await driver.close();
  rmSync(folder, { recursive: true, force: true });
}

async function timed<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const began = performance.now();
  const result = await work();
  console.log(`${what}: ${Math.round(performance.now() - began)} ms`);
  return result;
}
