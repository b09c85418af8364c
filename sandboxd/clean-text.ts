import { stripVTControlCharacters } from 'node:util';

/** Control characters that are no text: everything below space except tab and newline, and DEL. */
// oxlint-disable-next-line eslint/no-control-regex -- These are exactly the characters to remove.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Decodes bytes leniently (what is no UTF-8 becomes U+FFFD), so the result is always well-formed. */
export function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** What a terminal would show in the end: no colours, no control characters, and only the last state of a line that was redrawn. */
export function cleanText(raw: string): string {
  const plain = stripVTControlCharacters(raw).replaceAll('\r\n', '\n');
  if (!plain.includes('\r')) return plain.replace(CONTROLS, '');
  const lines = plain.split('\n').map((line) => {
    const states = line.split('\r').filter((state) => state !== '');
    return states.at(-1) ?? '';
  });
  return lines.join('\n').replace(CONTROLS, '');
}

/** The first `length` UTF-16 units, or one less where the cut would fall inside a code point. */
export function cutHead(text: string, length: number): string {
  if (text.length <= length) return text;
  const unit = text.charCodeAt(length - 1);
  return text.slice(0, unit >= 0xd800 && unit <= 0xdbff ? length - 1 : length);
}

/** The last `length` UTF-16 units, or one less where the cut would fall inside a code point. */
export function cutTail(text: string, length: number): string {
  if (text.length <= length) return text;
  const start = text.length - length;
  const unit = text.charCodeAt(start);
  return text.slice(unit >= 0xdc00 && unit <= 0xdfff ? start + 1 : start);
}

/** Drops the bytes of a code point that a cut left at the end of `bytes`. */
export function trimPartialEnd(bytes: Uint8Array): Uint8Array {
  let start = bytes.length - 1;
  while (start >= 0 && start > bytes.length - 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  const lead = start < 0 ? 0 : (bytes[start] ?? 0);
  const needed = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start >= 0 && start + needed > bytes.length ? bytes.subarray(0, start) : bytes;
}

/** Drops the bytes of a code point that a cut left at the start of `bytes`. */
export function trimPartialStart(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < 3 && start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return bytes.subarray(start);
}
