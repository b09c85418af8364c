import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { isAppError } from '../../core/errors.ts';
import { createPackageGate, tooManyBytes } from '../../core/skills/package-gate.ts';
import { packageError } from '../../core/skills/package-path.ts';
import { SKILL_LIMITS } from '../../core/skills/skill-limits.ts';
import type { SkillFile } from '../../core/skills/skill-package.ts';
import { archiveError, wordsOf } from './archive-error.ts';
import { collect } from './collect.ts';

/** What headers and padding may add to the content of a tar archive. */
const OVERHEAD = SKILL_LIMITS.entries * 2_048 + 1024 * 1024;
const CHUNK = 64 * 1024;

/**
 * Reads a tar archive, plain or gzipped, into memory, and stops unpacking as soon as a limit is passed.
 *
 * @throws `invalid_request` that says what is wrong with which entry.
 */
export async function readTar(bytes: Buffer, packing: 'plain' | 'gzip'): Promise<SkillFile[]> {
  const unpacker = extract();
  const gate = createPackageGate();
  const files: SkillFile[] = [];

  async function readEntries(): Promise<void> {
    for await (const entry of unpacker) {
      const { header } = entry;
      const { name } = header;
      if (header.type === 'directory') {
        gate.folder(name);
        entry.resume();
        continue;
      }
      refuseSpecial(header);
      const path = gate.file(name);
      if (header.size > SKILL_LIMITS.packageBytes) throw tooManyBytes();
      const content = await collect(entry, gate);
      if (path !== null) files.push({ path, bytes: content, executable: (header.mode & 0o111) !== 0 });
    }
  }

  const source = Readable.from(chunksOf(bytes));
  const bounded = (stream: AsyncIterable<Uint8Array>) => boundedBy(stream, bytes.length, packing);
  const feeding =
    packing === 'gzip'
      ? pipeline(source, createGunzip(), bounded, unpacker)
      : pipeline(source, bounded, unpacker);
  const results = await Promise.allSettled([feeding, readEntries().finally(() => unpacker.destroy())]);
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  const refusal = failures.find((failure) => isAppError(failure));
  if (refusal !== undefined) throw refusal;
  if (failures.length > 0) throw archiveError(`${wordsOf(failures[0])}.`, failures[0]);
  return files;
}

function refuseSpecial({ name, type }: Header): void {
  if (type !== 'file' && type !== 'contiguous-file') {
    throw packageError(name, `is of the kind "${type}"; only files and folders are taken.`);
  }
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += CHUNK) yield bytes.subarray(from, from + CHUNK);
}

async function* boundedBy(
  stream: AsyncIterable<Uint8Array>,
  packed: number,
  packing: 'plain' | 'gzip',
): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of stream) {
    total += chunk.length;
    if (total > SKILL_LIMITS.packageBytes + OVERHEAD) throw tooManyBytes();
    if (packing === 'gzip' && total > SKILL_LIMITS.ratioFrom && total > packed * SKILL_LIMITS.ratio) {
      throw archiveError(`it unpacks to more than ${SKILL_LIMITS.ratio} times its size.`);
    }
    yield chunk;
  }
}
