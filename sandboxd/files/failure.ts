/** A file operation that can't be done; the message is the whole result that the model reads. */
export class FileFailure extends Error {}

const REASONS: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  ENOSPC: 'no space left in the sandbox',
  EDQUOT: 'no space left in the sandbox',
  EROFS: 'it lies in a read-only place',
  EFBIG: 'the file would become too large',
  EMFILE: 'too many open files',
  ENXIO: 'it is not a regular file',
  ENODEV: 'it is not a regular file',
};

/** What a failed system call means, for a model. Anything that is no system error is a defect and is thrown on. */
export function describeFailure(error: unknown, verb: string, path: string): string {
  if (error instanceof FileFailure) return error.message;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error) {
    return `cannot ${verb} ${path}: ${REASONS[error.code] ?? error.code}`;
  }
  throw error;
}
