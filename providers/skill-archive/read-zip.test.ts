import { buffer } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../../core/errors.ts';
import { toSkillPackage, type SkillFile } from '../../core/skills/skill-package.ts';
import { hostileZip, hostileZip64, type ZipEntry } from '../../test/hostile-archives/hostile-zip.ts';
import { contentHash } from './content-hash.ts';
import { archiveKind } from './archive-kind.ts';
import { readArchive } from './read-archive.ts';
import { readZip } from './read-zip.ts';
import { writeZip } from './write-zip.ts';

const SKILL_MD = '---\nname: a-skill\ndescription: Does things.\n---\nDo it.\n';
const good: ZipEntry = { name: 'a-skill/SKILL.md', content: SKILL_MD };

async function refusal(bytes: Buffer): Promise<string> {
  const error: unknown = await readZip(bytes).then(
    () => new Error('it was accepted'),
    (failure: unknown) => failure,
  );
  if (!isAppError(error) || error.code !== 'invalid_request') throw error;
  return error.message;
}

describe('readZip', () => {
  it('reads files, leaves out folders and what operating systems add, and sees execute bits', async () => {
    const files = await readZip(
      hostileZip([
        { name: 'a-skill/', method: 0, mode: 0o040755 },
        good,
        { name: 'a-skill/scripts/run.sh', content: 'echo', mode: 0o100755 },
        { name: 'a-skill/ünicode.txt', content: 'x', flags: 0, method: 0 },
        { name: 'a-skill/.DS_Store', content: 'x' },
        { name: '__MACOSX/a-skill/._SKILL.md', content: 'x' },
      ]),
    );
    expect(files.map(({ path, executable }) => [path, executable])).toEqual([
      ['a-skill/SKILL.md', false],
      ['a-skill/scripts/run.sh', true],
      ['a-skill/ünicode.txt', false],
    ]);
    expect(toSkillPackage(files).files.map(({ path }) => path)).toEqual([
      'SKILL.md',
      'scripts/run.sh',
      'ünicode.txt',
    ]);
  });

  it('reads names of old archivers that are not UTF-8', async () => {
    const [, file] = await readZip(hostileZip([good, { name: Buffer.from([0x82, 0x2e]), flags: 0 }]));
    expect(file?.path).toBe('é.');
  });

  it('does not look into archives inside', async () => {
    const inner = hostileZip([{ name: '../x', content: 'x' }]);
    const files = await readZip(hostileZip([good, { name: 'a-skill/inner.zip', content: inner }]));
    expect(files[1]?.bytes).toEqual(inner);
  });

  const megabytes = (count: number) => Buffer.alloc(count * 1024 * 1024);
  const noise = Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * index * 31) % 251));

  it.each<{ what: string; entries: ZipEntry[]; reason: RegExp }>([
    {
      what: 'a path that leads out',
      entries: [{ name: '../x' }],
      reason: /"\.\.\/x" leads out of the skill/,
    },
    { what: 'a path that leads out inside', entries: [{ name: 'a/../../x' }], reason: /leads out/ },
    { what: 'an absolute path', entries: [{ name: '/etc/passwd' }], reason: /is an absolute path/ },
    { what: 'a drive letter', entries: [{ name: 'C:/x' }], reason: /is an absolute path/ },
    { what: 'a drive letter with backslashes', entries: [{ name: 'C:\\x' }], reason: /has a backslash/ },
    { what: 'backslashes', entries: [{ name: '..\\x' }], reason: /has a backslash/ },
    { what: 'a NUL in a path', entries: [{ name: 'a\0.txt' }], reason: /cannot be seen/ },
    {
      what: 'a path that reads backwards',
      entries: [{ name: 'a\u202Etxt.exe' }],
      reason: /"a\\u202etxt.exe".*cannot be seen/,
    },
    {
      what: 'a path that is too long',
      entries: [{ name: `${'a/'.repeat(250)}x` }],
      reason: /more than 400 characters/,
    },
    {
      what: 'a name that is too long',
      entries: [{ name: 'x'.repeat(201) }],
      reason: /more than 200 characters/,
    },
    {
      what: 'a symbolic link',
      entries: [{ name: 'a', content: '/etc', mode: 0o120777 }, { name: 'a/passwd' }],
      reason: /"a" is a link/,
    },
    { what: 'a device', entries: [{ name: 'a', mode: 0o020666 }], reason: /is a link, a device/ },
    { what: 'a pipe', entries: [{ name: 'a', mode: 0o010666 }], reason: /is a link, a device/ },
    {
      what: 'a file that says it is a folder',
      entries: [{ name: 'a', mode: 0o040755 }],
      reason: /is a link, a device/,
    },
    {
      what: 'a folder with content',
      entries: [{ name: 'a/', content: 'x', mode: 0o040755 }],
      reason: /folder with content/,
    },
    { what: 'a name that is there twice', entries: [good, good], reason: /is there twice/ },
    {
      what: 'names that differ in case',
      entries: [{ name: 'a.txt' }, { name: 'A.txt' }],
      reason: /differs from "a.txt" only in case/,
    },
    {
      what: 'folders that differ in case',
      entries: [{ name: 'Ab/x' }, { name: 'aB/y' }],
      reason: /differs from "Ab" only in case/,
    },
    {
      what: 'names that differ in Unicode form',
      entries: [{ name: '\u00e9' }, { name: 'e\u0301' }],
      reason: /only in case or form/,
    },
    {
      what: 'a file that is a folder too',
      entries: [{ name: 'a' }, { name: 'a/b' }],
      reason: /both a file and a folder/,
    },
    {
      what: 'another name in front of the content',
      entries: [{ name: 'evil.sh', listed: { name: 'good.sh' } }],
      reason: /described in two ways/,
    },
    {
      what: 'another size in front of the content',
      entries: [{ name: 'a', content: 'xx', listed: { size: 1 } }],
      reason: /described in two ways/,
    },
    {
      what: 'another checksum in front of the content',
      entries: [{ name: 'a', content: 'xx', listed: { crc: 1 } }],
      reason: /described in two ways/,
    },
    {
      what: 'another method in front of the content',
      entries: [{ name: 'a', content: 'xx', listed: { method: 0 } }],
      reason: /stored files|described in two ways|cannot be taken/,
    },
    { what: 'encryption', entries: [{ name: 'a', content: 'x', flags: 0x801 }], reason: /is encrypted/ },
    {
      what: 'another compression',
      entries: [{ name: 'a', content: 'x', method: 14 }],
      reason: /compressed by method 14/,
    },
    {
      what: 'content that two entries share',
      entries: [
        { name: 'a', content: noise },
        { name: 'a', content: noise, at: 0, listed: { name: 'b' } },
      ],
      reason: /described in two ways|shares its content/,
    },
    {
      what: 'a bomb',
      entries: [{ name: 'a', content: megabytes(8) }],
      reason: /unpacks to more than 200 times/,
    },
    {
      what: 'a bomb that says it is small',
      entries: [{ name: 'a', content: megabytes(64), listed: { size: 10 } }],
      reason: /described in two ways/,
    },
    {
      what: 'too many bytes in one file',
      entries: [{ name: 'a', content: megabytes(31), method: 0 }],
      reason: /larger than 30 MB/,
    },
    {
      what: 'too many bytes in all',
      entries: Array.from({ length: 31 }, (_, index) => ({
        name: `${index}`,
        content: megabytes(1),
        method: 0,
      })),
      reason: /larger than 30 MB/,
    },
    {
      what: 'too many entries',
      entries: Array.from({ length: 2_001 }, (_, index) => ({ name: `${index}`, method: 0 })),
      reason: /more than 2000 files/,
    },
    {
      what: 'too many folders',
      entries: Array.from({ length: 2_001 }, (_, index) => ({
        name: `${index}/`,
        method: 0,
        mode: 0o040755,
      })),
      reason: /more than 2000 files/,
    },
  ])('refuses $what', async ({ entries, reason }) => {
    expect(await refusal(hostileZip(entries))).toMatch(reason);
  });

  it('refuses two names for the same bytes', async () => {
    const twice: ZipEntry[] = [
      { name: 'same', content: noise },
      { name: 'same', content: noise, at: 0 },
    ];
    expect(await refusal(hostileZip(twice))).toMatch(/is there twice/);
    const nested = hostileZip([{ name: 'inner', content: 'xxxx', method: 0 }]).subarray(0, 39);
    const quoted: ZipEntry[] = [
      { name: 'outer', content: nested, method: 0 },
      { name: 'inner', content: 'xxxx', method: 0, at: 35 },
    ];
    expect(await refusal(hostileZip(quoted))).toMatch(/"inner" shares its content with "outer"/);
  });

  it('refuses an archive that claims a million entries, and false 64-bit sizes', async () => {
    const entry: ZipEntry = { name: 'x', method: 0 };
    const million = hostileZip64([entry, entry], 1_000_000);
    expect(await refusal(million)).toMatch(/more than 2000 files/);
    const lie = Buffer.alloc(20);
    lie.writeUInt16LE(1, 0);
    lie.writeUInt16LE(16, 2);
    lie.writeBigUInt64LE(1n << 60n, 4);
    lie.writeBigUInt64LE(4n, 12);
    const wide: ZipEntry = {
      name: 'x',
      content: 'xxxx',
      extra: lie,
      listed: { size: 0xffffffff, packed: 0xffffffff },
    };
    expect(await refusal(hostileZip([wide]))).toMatch(/cannot be taken|larger than 30 MB/);
  });

  it('refuses damaged content', async () => {
    const bytes = hostileZip([{ name: 'a', content: noise, method: 0 }]);
    bytes[100] = 255 - (bytes[100] ?? 0);
    expect(await refusal(bytes)).toMatch(/checksum does not match/);
  });

  it('refuses whatever is cut off or scrambled, and throws nothing else', async () => {
    const whole = hostileZip([good, { name: 'a-skill/data.bin', content: noise }]);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }),
        async (length, changes) => {
          const broken = Buffer.from(whole);
          for (const [place, value] of changes) broken[place] = value;
          for (const bytes of [broken, whole.subarray(0, length)]) {
            try {
              await readZip(bytes);
            } catch (error) {
              if (!isAppError(error) || error.code !== 'invalid_request') throw error;
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a zip archive that is written', () => {
  const files = (mode: boolean): SkillFile[] => [
    { path: 'SKILL.md', bytes: Buffer.from(SKILL_MD), executable: false },
    { path: 'scripts/run.sh', bytes: Buffer.from('echo'), executable: mode },
    { path: 'empty', bytes: new Uint8Array(), executable: false },
  ];

  it('is read back as the same skill, in one folder', async () => {
    const skill = toSkillPackage(files(true));
    const bytes = await buffer(writeZip(skill, 'a-skill'));
    expect(archiveKind(bytes)).toBe('zip');
    const read = await readArchive(bytes, 'zip');
    expect(read.every(({ path }) => path.startsWith('a-skill/'))).toBe(true);
    const again = toSkillPackage(read);
    expect(contentHash(again.files)).toBe(contentHash(skill.files));
    expect(await buffer(writeZip(again, 'a-skill'))).toEqual(bytes);
  });

  it('has another hash for another execute bit, and the same in another order', () => {
    const hashes = [files(true), files(false), files(true).reverse()].map((list) =>
      contentHash(toSkillPackage(list).files),
    );
    expect(hashes[0]).not.toBe(hashes[1]);
    expect(hashes[0]).toBe(hashes[2]);
  });
});
