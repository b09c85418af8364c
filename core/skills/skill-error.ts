import { AppError } from '../errors.ts';

/** What a skill is refused with. `line` is 1-based and of `SKILL.md`. */
export function skillError(message: string, line?: number): AppError {
  const where = line === undefined ? 'SKILL.md' : `SKILL.md line ${line}`;
  return new AppError('invalid_request', `${where}: ${message}`, {
    details: { error_code: 'invalid_skill' },
  });
}
