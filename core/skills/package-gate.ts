import { AppError } from '../errors.ts';
import { packageError, packagePath } from './package-path.ts';
import { SKILL_LIMITS } from './skill-limits.ts';

/**
 * Looks at a package while it is read, entry by entry, so that whoever reads it stops at the first thing that is wrong, before it
 * holds more than the limits allow. Every method throws `invalid_request`.
 */
export interface PackageGate {
  /** A file comes. Returns its path, cleaned; null when it is no part of the skill and must be skipped. */
  file(path: string): string | null;
  folder(path: string): void;
  /** So many more bytes of content come, or are announced. */
  bytes(count: number): void;
}

export function createPackageGate(): PackageGate {
  /** Spelling by what a file system that ignores case and Unicode forms would make of a path. */
  const seen = new Map<string, { spelling: string; kind: 'file' | 'folder' }>();
  let entries = 0;
  let total = 0;

  function count(): void {
    entries += 1;
    if (entries > SKILL_LIMITS.entries) throw tooManyEntries();
  }

  function claim(parts: readonly string[], kind: 'file' | 'folder', original: string): void {
    const spelling = parts.join('/');
    const key = spelling.normalize('NFKC').toLowerCase();
    const other = seen.get(key);
    if (!other) {
      seen.set(key, { spelling, kind });
    } else if (other.spelling !== spelling) {
      throw packageError(original, `differs from ${JSON.stringify(other.spelling)} only in case or form.`);
    } else if (other.kind !== kind) {
      throw packageError(original, 'is both a file and a folder.');
    } else if (kind === 'file') {
      throw packageError(original, 'is there twice.');
    }
  }

  function claimFolders(parts: readonly string[], original: string): void {
    for (let depth = 1; depth <= parts.length; depth++) claim(parts.slice(0, depth), 'folder', original);
  }

  return {
    file(path) {
      count();
      const parts = packagePath(path);
      if (parts.length === 0) return null;
      claimFolders(parts.slice(0, -1), path);
      claim(parts, 'file', path);
      return parts.join('/');
    },
    folder(path) {
      count();
      claimFolders(packagePath(path), path);
    },
    bytes(size) {
      total += size;
      if (total > SKILL_LIMITS.packageBytes) throw tooManyBytes();
    },
  };
}

export function tooManyEntries(): AppError {
  return refusal(`The skill has more than ${SKILL_LIMITS.entries} files and folders.`);
}

export function tooManyBytes(): AppError {
  return refusal(`The files of the skill are larger than ${SKILL_LIMITS.packageBytes >> 20} MB, unpacked.`);
}

function refusal(message: string): AppError {
  return new AppError('invalid_request', `files: ${message}`, { details: { error_code: 'invalid_skill' } });
}
