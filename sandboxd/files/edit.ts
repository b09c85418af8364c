import { closeSync, readFileSync } from 'node:fs';

import { FileFailure } from './failure.ts';
import { openRegularFile } from './open.ts';
import { writeWholeFile } from './write.ts';

const EDIT_BYTES = 16 * 1024 * 1024;

export interface Edit {
  oldText: string;
  newText: string;
  occurrences: 'one' | 'all';
}

/** Replaces text in a file. Called as the agent. Returns how many places were changed. */
export function editFile(path: string, shownPath: string, edit: Edit): number {
  const { oldText, newText, occurrences } = edit;
  if (oldText === '') throw new FileFailure(`cannot edit ${shownPath}: old_string is empty`);
  if (oldText === newText)
    throw new FileFailure(`cannot edit ${shownPath}: old_string and new_string are the same`);
  const { descriptor, stats } = openRegularFile(path, shownPath);
  let bytes: Buffer;
  try {
    if (stats.size > EDIT_BYTES) {
      throw new FileFailure(
        `cannot edit ${shownPath}: it has ${stats.size} bytes, over the limit of ${EDIT_BYTES}; use bash`,
      );
    }
    bytes = readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  const text = bytes.toString('utf8');
  // Decoding would replace what is no UTF-8, and the write would then damage places that nobody asked to change.
  if (!Buffer.from(text, 'utf8').equals(bytes))
    throw new FileFailure(`cannot edit ${shownPath}: it is not UTF-8 text; use bash`);
  const parts = text.split(oldText);
  const found = parts.length - 1;
  if (found === 0) throw new FileFailure(`cannot edit ${shownPath}: old_string does not occur in it`);
  if (found > 1 && occurrences === 'one') {
    throw new FileFailure(
      `cannot edit ${shownPath}: old_string occurs ${found} times; make it longer so that it is unique, or set replace_all`,
    );
  }
  writeWholeFile(path, shownPath, parts.join(newText));
  return found;
}
