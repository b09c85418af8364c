import { AppError } from '../errors.ts';
import { SKILL_LIMITS } from './skill-limits.ts';

/** Control characters, and those that make a name look like another: bidirectional overrides, zero-width characters. */
// eslint-disable-next-line no-control-regex
const INVISIBLE = /[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/;
/** What operating systems leave in folders and archives. */
const LEFTOVERS = /^(?:__MACOSX|\.DS_Store|Thumbs\.db|desktop\.ini|\._.*)$/;

/** What a package is refused with. The path is shown so that nothing in it can hide. */
export function packageError(path: string, reason: string): AppError {
  const shown = JSON.stringify(path.slice(0, SKILL_LIMITS.path)).replace(
    new RegExp(INVISIBLE, 'g'),
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return new AppError('invalid_request', `files: ${shown} ${reason}`, {
    details: { error_code: 'invalid_skill' },
  });
}

/**
 * The parts of a path in a package. Empty for the package itself (`./`) and for what operating systems leave behind, which is no part of a skill.
 *
 * @throws `invalid_request` for every path that would not lie in the package, or would be another file elsewhere.
 */
export function packagePath(path: string): string[] {
  if (path.length > SKILL_LIMITS.path) {
    throw packageError(path, `has a path of more than ${SKILL_LIMITS.path} characters.`);
  }
  if (!path.isWellFormed() || INVISIBLE.test(path)) {
    throw packageError(path, 'has characters in its path that cannot be seen.');
  }
  if (path.includes('\\')) throw packageError(path, 'has a backslash in its path; separate folders by "/".');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || /^[A-Za-z]:/.test(parts[0] ?? '')) {
    throw packageError(path, 'is an absolute path; paths must be relative to the skill.');
  }
  if (parts.includes('..')) throw packageError(path, 'leads out of the skill.');
  const long = parts.find((part) => part.length > SKILL_LIMITS.pathPart);
  if (long !== undefined) {
    throw packageError(path, `has a name of more than ${SKILL_LIMITS.pathPart} characters in its path.`);
  }
  return parts.some((part) => LEFTOVERS.test(part)) ? [] : parts;
}
