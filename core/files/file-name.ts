import { AppError } from '../errors.ts';
import { FileName } from '../schema/file.ts';

/** Nothing at all, and what names a folder. */
const NO_NAME = /^\.{0,2}$/;

/**
 * The name of an uploaded file: the last component of what the client sent, in either system's notation.
 *
 * @param extension - that of the file's type, for a file without a name.
 * @throws `invalid_request` for a name that not every system can hold.
 */
export function fileNameOf(sent: string | null, extension: string | null): string {
  const name = (sent ?? '').split(/[/\\]/).at(-1) ?? '';
  if (NO_NAME.test(name)) return extension === null ? 'unnamed' : `unnamed.${extension}`;
  const checked = FileName.safeParse(name);
  if (checked.success && name.isWellFormed()) return name;
  const reason = checked.error?.issues[0]?.message ?? 'must not contain lone surrogates';
  throw new AppError('invalid_request', `file: the name ${reason}`);
}

/** Bytes of a name in a sandbox's file system, which holds 255, with room for what is added while a file is written. */
const NAME_BYTES = 200;

/** The name under which a file of this name can lie in a folder: never one that means another place, and not too long. */
export function placeableName(name: string): string {
  const trimmed = NO_NAME.test(name) ? 'unnamed' : name;
  if (bytesOf(trimmed) <= NAME_BYTES) return trimmed;
  const ending = /\.\w{1,10}$/.exec(trimmed)?.[0] ?? '';
  let kept = '';
  for (const character of trimmed.slice(0, trimmed.length - ending.length)) {
    if (bytesOf(kept + character + ending) > NAME_BYTES) break;
    kept += character;
  }
  return kept + ending;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
