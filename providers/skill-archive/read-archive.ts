import type { SkillFile } from '../../core/skills/skill-package.ts';
import type { ArchiveKind } from './archive-kind.ts';
import { readTar } from './read-tar.ts';
import { readZip } from './read-zip.ts';

/**
 * Unpacks a skill's archive in memory; runs in a decoder process. The bytes are somebody else's: nothing in them is trusted, and nothing
 * is written anywhere.
 *
 * @throws `invalid_request` that says what is wrong.
 */
export async function readArchive(bytes: Uint8Array, kind: ArchiveKind): Promise<SkillFile[]> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (kind === 'zip') return readZip(buffer);
  return readTar(buffer, kind === 'gzip' ? 'gzip' : 'plain');
}
