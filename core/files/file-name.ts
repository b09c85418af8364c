import { AppError } from '../errors.ts';
import { FileName } from '../schema/file.ts';

/**
 * The name of an uploaded file: the last component of what the client sent, in either system's notation.
 *
 * @param extension - that of the file's type, for a file without a name.
 * @throws `invalid_request` for a name that not every system can hold.
 */
export function fileNameOf(sent: string | null, extension: string | null): string {
  const name = (sent ?? '').split(/[/\\]/).at(-1) ?? '';
  if (name === '') return extension === null ? 'unnamed' : `unnamed.${extension}`;
  const checked = FileName.safeParse(name);
  if (checked.success && name.isWellFormed()) return name;
  const reason = checked.error?.issues[0]?.message ?? 'must not contain lone surrogates';
  throw new AppError('invalid_request', `file: the name ${reason}`);
}
