const PLUS = 0x2b;
const SLASH = 0x2f;

/**
 * Whether text is base64 with padding. A loop, since patterns over tens of megabytes can exhaust the stack of a regular expression.
 */
export function isBase64(text: string): boolean {
  if (text.length % 4 !== 0) return false;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  for (let index = 0; index < text.length - padding; index += 1) {
    const code = text.charCodeAt(index);
    const isDigit = code >= 0x30 && code <= 0x39;
    const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
    if (!isDigit && !isLetter && code !== PLUS && code !== SLASH) return false;
  }
  return true;
}
