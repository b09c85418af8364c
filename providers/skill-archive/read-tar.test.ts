import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { pack, type Header } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../../core/errors.ts';
import { toSkillPackage } from '../../core/skills/skill-package.ts';
import { archiveKind } from './archive-kind.ts';
import { readArchive } from './read-archive.ts';
import { readTar } from './read-tar.ts';

const SKILL_MD = '---\nname: a-skill\ndescription: Does things.\n---\nDo it.\n';

interface TarEntry extends Partial<Omit<Header, 'name' | 'size'>> {
  name: string;
  content?: string | Uint8Array;
}

async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry(header, content ?? '');
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

async function refusal(bytes: Buffer, packing: 'plain' | 'gzip' = 'plain'): Promise<string> {
  const error: unknown = await readTar(bytes, packing).then(
    () => new Error('it was accepted'),
    (failure: unknown) => failure,
  );
  if (!isAppError(error) || error.code !== 'invalid_request') throw error;
  return error.message;
}

const good: TarEntry[] = [
  { name: './', type: 'directory', mode: 0o755 },
  { name: './SKILL.md', content: SKILL_MD, mode: 0o644 },
  { name: './scripts/run.sh', content: 'echo', mode: 0o755 },
  { name: './._SKILL.md', content: 'x' },
];

describe('readTar', () => {
  it('reads plain and gzipped archives', async () => {
    const plain = await tarOf(good);
    for (const [bytes, kind] of [
      [plain, 'tar'],
      [gzipSync(plain), 'gzip'],
    ] as const) {
      expect(archiveKind(bytes)).toBe(kind);
      const files = await readArchive(bytes, kind);
      expect(files.map(({ path, executable }) => [path, executable])).toEqual([
        ['SKILL.md', false],
        ['scripts/run.sh', true],
      ]);
      expect(toSkillPackage(files).document.name).toBe('a-skill');
    }
  });

  it('reads names that are too long for the oldest format', async () => {
    const name = `${'folder/'.repeat(40)}ü.txt`;
    const files = await readTar(await tarOf([{ name, content: 'x' }]), 'plain');
    expect(files.map(({ path }) => path)).toEqual([name]);
  });

  it.each<{ what: string; entry: TarEntry; reason: RegExp }>([
    { what: 'a path that leads out', entry: { name: '../x' }, reason: /leads out of the skill/ },
    { what: 'an absolute path', entry: { name: '/etc/passwd' }, reason: /is an absolute path/ },
    { what: 'backslashes', entry: { name: '..\\x' }, reason: /has a backslash/ },
    {
      what: 'a symbolic link',
      entry: { name: 'a', type: 'symlink', linkname: '/etc' },
      reason: /of the kind "symlink"/,
    },
    {
      what: 'a hard link',
      entry: { name: 'a', type: 'link', linkname: 'SKILL.md' },
      reason: /of the kind "link"/,
    },
    {
      what: 'a device',
      entry: { name: 'a', type: 'character-device' },
      reason: /of the kind "character-device"/,
    },
    { what: 'a pipe', entry: { name: 'a', type: 'fifo' }, reason: /of the kind "fifo"/ },
    { what: 'a name that is there twice', entry: { name: 'SKILL.md' }, reason: /is there twice/ },
    { what: 'names that differ in case', entry: { name: 'skill.md' }, reason: /only in case/ },
  ])('refuses $what', async ({ entry, reason }) => {
    const bytes = await tarOf([...good, entry]);
    expect(await refusal(bytes)).toMatch(reason);
    expect(await refusal(gzipSync(bytes), 'gzip')).toMatch(reason);
  });

  it('refuses more entries and more bytes than a skill may have', async () => {
    const many = await tarOf(Array.from({ length: 2_001 }, (_, index) => ({ name: `${index}` })));
    expect(await refusal(many)).toMatch(/more than 2000 files/);
    const large = await tarOf([{ name: 'a', content: new Uint8Array(31 * 1024 * 1024) }]);
    expect(await refusal(large)).toMatch(/larger than 30 MB/);
  });

  it('refuses bombs before they are unpacked', async () => {
    const zeros = new Uint8Array(20 * 1024 * 1024);
    expect(await refusal(gzipSync(await tarOf([{ name: 'a', content: zeros }])), 'gzip')).toMatch(
      /more than 200 times its size/,
    );
  });

  it('refuses whatever is cut off or scrambled, and throws nothing else', async () => {
    const plain = await tarOf(good);
    const packed = gzipSync(plain);
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 4 }),
        async (length, changes) => {
          for (const [whole, packing] of [
            [plain, 'plain'],
            [packed, 'gzip'],
          ] as const) {
            const broken = Buffer.from(whole);
            for (const [place, value] of changes) broken[Math.floor(place * (whole.length - 1))] = value;
            for (const bytes of [broken, whole.subarray(0, Math.floor(length * whole.length))]) {
              try {
                await readTar(bytes, packing);
              } catch (error) {
                if (!isAppError(error) || error.code !== 'invalid_request') throw error;
              }
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('ends the streams of what it refuses', async () => {
    const bytes = gzipSync(await tarOf([{ name: '../x', content: new Uint8Array(1024 * 1024) }, ...good]));
    const before = process.getActiveResourcesInfo().length;
    for (let round = 0; round < 20; round++) await refusal(bytes, 'gzip');
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before + 1);
  });
});
