import { crc32 } from 'node:zlib';
import { fromBufferPromise, getFileNameLowLevel, type Entry, type ZipFile } from 'yauzl';
import { isAppError } from '../../core/errors.ts';
import { createPackageGate, tooManyEntries, type PackageGate } from '../../core/skills/package-gate.ts';
import { packageError } from '../../core/skills/package-path.ts';
import { SKILL_LIMITS } from '../../core/skills/skill-limits.ts';
import type { SkillFile } from '../../core/skills/skill-package.ts';
import { archiveError, wordsOf } from './archive-error.ts';
import { collect } from './collect.ts';

const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;
const SIZES_FOLLOW = 0x8;
const ENCRYPTED = 0x1 | 0x40 | 0x2000;
const ZIP64 = 0xffffffff;

/** An entry that passed, not unpacked yet. */
interface Admitted {
  entry: Entry;
  path: string;
}

/**
 * Reads a zip archive into memory. The whole table of contents is judged before anything is unpacked, and then each entry against its
 * own header, so that no two readers can see different things in it.
 *
 * @throws `invalid_request` that says what is wrong with which entry.
 */
export async function readZip(bytes: Buffer): Promise<SkillFile[]> {
  let zip: ZipFile | undefined;
  try {
    zip = await fromBufferPromise(bytes, {
      lazyEntries: true,
      autoClose: false,
      decodeStrings: false,
      validateEntrySizes: true,
    });
    if (zip.entryCount > SKILL_LIMITS.entries) throw tooManyEntries();
    const admitted = await admit(zip, createPackageGate());
    const unpacked = createPackageGate();
    const files: SkillFile[] = [];
    for (const { entry, path } of admitted) {
      const content = await collect(await zip.openReadStreamPromise(entry), unpacked);
      if (crc32(content) !== entry.crc32) {
        throw packageError(path, 'is damaged: its checksum does not match.');
      }
      files.push({ path, bytes: content, executable: (unixMode(entry) & 0o111) !== 0 });
    }
    return files;
  } catch (error) {
    throw isAppError(error) ? error : archiveError(`${wordsOf(error)}.`, error);
  } finally {
    zip?.close();
  }
}

async function admit(zip: ZipFile, gate: PackageGate): Promise<Admitted[]> {
  const admitted: Admitted[] = [];
  const spans: { from: number; to: number; name: string }[] = [];
  for await (const entry of zip.eachEntry()) {
    const name = nameOf(entry);
    const isFolder = name.endsWith('/');
    refuseSpecial(entry, name, isFolder);
    const path = isFolder ? null : gate.file(name);
    if (isFolder) gate.folder(name);
    gate.bytes(entry.uncompressedSize);
    const { uncompressedSize: size, compressedSize: packed } = entry;
    if (size > SKILL_LIMITS.ratioFrom && size > packed * SKILL_LIMITS.ratio) {
      throw packageError(name, `unpacks to more than ${SKILL_LIMITS.ratio} times its size.`);
    }
    const to = await matchLocalHeader(zip, entry, name);
    spans.push({ from: entry.relativeOffsetOfLocalHeader, to, name });
    if (path !== null) admitted.push({ entry, path });
  }
  refuseOverlaps(spans);
  return admitted;
}

function nameOf(entry: Entry): string {
  const { fileNameRaw, generalPurposeBitFlag, extraFields } = entry;
  try {
    // Archivers of macOS write UTF-8 and do not say so.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(fileNameRaw);
  } catch {
    return getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, true);
  }
}

function refuseSpecial(entry: Entry, name: string, isFolder: boolean): void {
  if ((entry.generalPurposeBitFlag & ENCRYPTED) !== 0) throw packageError(name, 'is encrypted.');
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    throw packageError(name, `is compressed by method ${entry.compressionMethod}; use deflate.`);
  }
  const type = unixMode(entry) & FILE_TYPE;
  if (type !== 0 && type !== (isFolder ? FOLDER : REGULAR)) {
    throw packageError(
      name,
      'is a link, a device or another special file; only files and folders are taken.',
    );
  }
  if (isFolder && entry.uncompressedSize !== 0) throw packageError(name, 'is a folder with content.');
}

/** The upper half of the attributes, whoever wrote them: some archivers of Windows set it too. */
function unixMode(entry: Entry): number {
  return entry.externalFileAttributes >>> 16;
}

/** The header in front of the content must say what the table of contents says. Returns where the content ends. */
async function matchLocalHeader(zip: ZipFile, entry: Entry, name: string): Promise<number> {
  const local = await zip.readLocalFileHeaderPromise(entry);
  const sizesFollow = (local.generalPurposeBitFlag & SIZES_FOLLOW) !== 0;
  const same = (inFront: number, listed: number): boolean =>
    inFront === listed || (sizesFollow && inFront === 0);
  const sameSize = (inFront: number, listed: number): boolean =>
    same(inFront, listed) || (inFront === ZIP64 && local.extraFieldLength > 0);
  const matches =
    local.fileName.equals(entry.fileNameRaw) &&
    local.compressionMethod === entry.compressionMethod &&
    (local.generalPurposeBitFlag & ENCRYPTED) === 0 &&
    same(local.crc32, entry.crc32) &&
    sameSize(local.compressedSize, entry.compressedSize) &&
    sameSize(local.uncompressedSize, entry.uncompressedSize);
  if (!matches) {
    throw packageError(name, 'is described in two ways: its own header and the table of contents differ.');
  }
  return local.fileDataStart + entry.compressedSize;
}

function refuseOverlaps(spans: { from: number; to: number; name: string }[]): void {
  const inOrder = [...spans].sort((left, right) => left.from - right.from);
  for (const [index, span] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before && span.from < before.to) {
      throw packageError(span.name, `shares its content with ${JSON.stringify(before.name)}.`);
    }
  }
}
