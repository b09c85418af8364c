const MAX_DEPTH = 100;
const MAX_VALUES = 100_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Looks over JSON text of strangers before it is parsed, for what a parser would take in silently or at a great cost: nesting, very many
 * values (a megabyte of `[],` becomes thirty of memory), duplicate keys, `__proto__`. Returns what is wrong, as the rest of a sentence
 * that begins with the name of the text; null when nothing is. Text that is no JSON passes; the parser refuses it.
 */
export function jsonFault(text: string): string | null {
  /** For each open value: an object's keys so far, or null for an array. */
  const open: (Set<string> | null)[] = [];
  let values = 1;
  let last = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      const end = endOfString(text, index);
      const keys = open.at(-1);
      if (keys && (last === OPEN_BRACE || last === COMMA)) {
        const fault = addKey(keys, text.slice(index, end + 1));
        if (fault !== null) return fault;
      }
      index = end;
      last = QUOTE;
      continue;
    }
    if (code <= 0x20) continue;
    last = code;
    if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      open.push(code === OPEN_BRACE ? new Set() : null);
      values += 1;
      if (open.length > MAX_DEPTH) return `is nested more than ${MAX_DEPTH} levels deep`;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) open.pop();
    else if (code === COMMA) values += 1;
    if (values > MAX_VALUES) return `holds more than ${MAX_VALUES} values`;
  }
  return null;
}

/** The index of the closing quote, or of the text's end. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

function addKey(keys: Set<string>, quoted: string): string | null {
  const key = quoted.includes('\\') ? unescaped(quoted) : quoted.slice(1, -1);
  if (key === '__proto__') return 'has the key "__proto__"';
  if (keys.has(key)) return `has the key ${JSON.stringify(key.slice(0, 100))} twice in one object`;
  keys.add(key);
  return null;
}

function unescaped(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    // The parser will refuse the whole text for the same reason, in better words.
    return quoted;
  }
}
