/**
 * Cuts streamed text only between code points: a vendor may escape the two halves of one character into two pieces, and half a
 * character cannot be sent on. `push` returns what may be shown now.
 */
export function createTextPreview(): { push(piece: string): string } {
  let pending = '';
  return {
    push(piece) {
      const text = pending + piece;
      const last = text.charCodeAt(text.length - 1);
      const split = last >= 0xd800 && last <= 0xdbff;
      pending = split ? text.slice(-1) : '';
      return (split ? text.slice(0, -1) : text).toWellFormed();
    },
  };
}
