import { cleanText, cutHead, cutTail, decode, trimPartialEnd, trimPartialStart } from './clean-text.ts';

/** The parts of the limit that a preview shows of the beginning and of the end. */
const HEAD_SHARE = 0.1;
const TAIL_SHARE = 0.2;

export interface Rendered {
  text: string;
  bytes: number;
  /** True when `text` is a preview; the file is then worth keeping. */
  preview: boolean;
}

/** What a command wrote, as far as it is needed to show it. */
export interface Written {
  /** The first bytes: all, or four for each character that may be shown. */
  head: Uint8Array;
  /** The last bytes. */
  tail: () => Uint8Array;
  /** All that was written, and how much of it the file holds. */
  total: number;
  inFile: number;
}

/** The output as a model reads it: whole up to `limit` characters, else its beginning and its end. */
export function renderOutput(written: Written, limit: number, keptAt: string): Rendered {
  const { head, total, inFile } = written;
  if (head.subarray(0, 8192).includes(0)) {
    return { text: `[binary output, ${total} bytes, saved at ${keptAt}]`, bytes: total, preview: true };
  }
  if (total <= limit * 4) {
    const text = cleanText(decode(head));
    if (text.length <= limit) return { text, bytes: total, preview: false };
  }
  const first = cutHead(cleanText(decode(trimPartialEnd(head))), Math.floor(limit * HEAD_SHARE));
  const last = cutTail(cleanText(decode(trimPartialStart(written.tail()))), Math.floor(limit * TAIL_SHARE));
  const saved =
    total > inFile ? `its first ${inFile} bytes are saved at ${keptAt}` : `all of it is saved at ${keptAt}`;
  const notice = `[output of ${total} bytes, shown are its beginning and its end; ${saved}]`;
  return { text: `${first}\n\n${notice}\n\n${last}`, bytes: total, preview: true };
}
