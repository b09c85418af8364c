import { AppError } from '../errors.ts';

/** What a file is refused with that a workspace has no room for. */
export function quotaExceeded(quotaBytes: number): AppError {
  return new AppError(
    'invalid_request',
    `The files of this workspace may take ${quotaBytes} bytes together, and would take more with this one. Delete some first. What was deleted over and over has its room back within a quarter of an hour.`,
    { details: { error_code: 'storage_quota_exceeded' } },
  );
}
