import { AppError } from '../../core/errors.ts';

/** What an archive is refused with that is broken, or is not what it says. */
export function archiveError(reason: string, cause?: unknown): AppError {
  return new AppError('invalid_request', `files: the archive cannot be taken: ${reason}`, {
    details: { error_code: 'invalid_skill' },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The words of an error of a library, without a full stop. */
export function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.replace(/\.+$/, '');
}
