import type { RepositoryFailure } from './repository-source.ts';

/** How much of git's words a message repeats. */
const WORDS = 500;

const KINDS: [pattern: RegExp, kind: RepositoryFailure['kind'], message: string][] = [
  [
    /returned error: 403|HTTP 403/i,
    'forbidden',
    'The host refuses access: the token may not read the repository.',
  ],
  [/returned error: 404|repository .* not found|HTTP 404/i, 'not_found', 'There is no such repository.'],
  [
    /Authentication failed|could not read (?:Username|Password)|returned error: 401|HTTP 401/i,
    'authentication',
    'The host does not accept the token, or needs one.',
  ],
];

/**
 * What git's words mean. Secrets that stand in them are taken out, although git prints none by itself.
 *
 * @param words - what git wrote to its standard error, in English.
 */
export function gitFailure(words: string, secrets: readonly string[]): RepositoryFailure {
  let clean = words;
  for (const secret of secrets) clean = clean.replaceAll(secret, '[redacted]');
  clean = clean
    .split('\n')
    .filter((line) => /^(?:fatal|error|remote):/.test(line))
    .join(' ')
    .trim()
    .slice(0, WORDS);
  for (const [pattern, kind, message] of KINDS) if (pattern.test(clean)) return { kind, message };
  return { kind: 'clone', message: `git could not fetch it: ${clean === '' ? 'it said nothing' : clean}` };
}
