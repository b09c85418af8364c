import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { SkillPackage } from '../../core/skills/skill-package.ts';

/** The first moment that a zip archive can tell; in the local time that the format means. */
const EPOCH = new Date(1980, 0, 1);

/**
 * A skill as a zip archive: everything in one folder of the skill's name, with execute bits, and no times, so that the same skill gives
 * the same archive.
 */
export function writeZip(skill: Pick<SkillPackage, 'files'>, folder: string): Readable {
  const zip = new ZipFile();
  for (const { path, bytes, executable } of skill.files) {
    const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const mode = executable ? 0o100755 : 0o100644;
    zip.addBuffer(content, `${folder}/${path}`, { mtime: EPOCH, mode, forceDosTimestamp: true });
  }
  zip.end();
  const stream = Readable.from(zip.outputStream, { objectMode: false });
  zip.on('error', (error: Error) => stream.destroy(error));
  return stream;
}
