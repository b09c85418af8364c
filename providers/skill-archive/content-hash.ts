import { createHash } from 'node:crypto';
import type { SkillFile } from '../../core/skills/skill-package.ts';

/**
 * What a version of a skill is, in one number: the lower-case hex SHA-256 over every path, execute bit and content. It does not depend
 * on how the skill was packed.
 */
export function contentHash(files: readonly SkillFile[]): string {
  const hash = createHash('sha256');
  for (const { path, bytes, executable } of files) {
    const content = createHash('sha256').update(bytes).digest('hex');
    hash.update(`${JSON.stringify([path, executable, content])}\n`);
  }
  return hash.digest('hex');
}
