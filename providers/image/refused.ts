import { AppError } from '../../core/errors.ts';

/** An image that cannot be used, and why. */
export function refused(why: string): AppError {
  return new AppError('invalid_request', `The image cannot be used: ${why}.`);
}
