import { AppError } from '../errors.ts';
import { parseSkill } from './parse-skill.ts';
import type { SkillDocument } from './skill-document.ts';
import { skillError } from './skill-error.ts';
import { SKILL_LIMITS } from './skill-limits.ts';

/** A file of a skill. `path` is relative to the skill's folder, its parts separated by `/`. */
export interface SkillFile {
  path: string;
  bytes: Uint8Array;
  executable: boolean;
}

/** A whole skill. Files are in the order of their paths. */
export interface SkillPackage {
  document: SkillDocument;
  /** `SKILL.md` as it is. */
  text: string;
  files: readonly SkillFile[];
  bytes: number;
}

const DOCUMENT = 'SKILL.md';

/**
 * Makes a skill of the files of an upload: `SKILL.md` lies at the top, or at the top of the one folder that holds everything. A file
 * that names its interpreter is executable, whether or not the upload could say so.
 *
 * @throws `invalid_request` that says what is wrong with which file.
 */
export function toSkillPackage(uploaded: readonly SkillFile[]): SkillPackage {
  const packed = toPackageFiles(uploaded);
  return { ...packed, document: parseSkill(packed.text) };
}

/** A package whose `SKILL.md` is not read yet; see {@link toSkillPackage}. @throws `invalid_request`. */
export function toPackageFiles(uploaded: readonly SkillFile[]): Omit<SkillPackage, 'document'> {
  const files = withoutWrapper(uploaded)
    .map((file) => ({ ...file, executable: file.executable || namesInterpreter(file.bytes) }))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
  const document = files.find(({ path }) => path === DOCUMENT);
  if (!document) throw documentMissing(uploaded);
  const text = decoded(document.bytes);
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  return { text, files, bytes };
}

function withoutWrapper(files: readonly SkillFile[]): readonly SkillFile[] {
  if (files.some(({ path }) => path === DOCUMENT)) return files;
  const tops = new Set(files.map(({ path }) => path.slice(0, path.indexOf('/') + 1)));
  const [top] = tops;
  if (tops.size !== 1 || top === undefined || top === '') return files;
  return files.map((file) => ({ ...file, path: file.path.slice(top.length) }));
}

function documentMissing(files: readonly SkillFile[]): AppError {
  const near = files.find(({ path }) => /(?:^|\/)skill\.(?:md|markdown|txt)$/i.test(path));
  const found =
    files.length === 0
      ? 'the upload holds no files'
      : near
        ? `the upload holds ${JSON.stringify(near.path)}`
        : 'the upload holds none';
  return new AppError(
    'invalid_request',
    `files: a skill needs a SKILL.md, spelled so, at its top or in the one folder at its top; ${found}.`,
    { details: { error_code: 'invalid_skill' } },
  );
}

function decoded(bytes: Uint8Array): string {
  if (bytes.length > SKILL_LIMITS.documentBytes) {
    throw skillError(
      `the file has ${bytes.length} bytes; at most ${SKILL_LIMITS.documentBytes} are possible. Move parts to references/.`,
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw skillError('the file is not valid UTF-8.');
  }
}

function namesInterpreter(bytes: Uint8Array): boolean {
  return bytes[0] === 0x23 && bytes[1] === 0x21;
}
