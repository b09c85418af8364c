const REDACTED = '[redacted]';

/** How names of secrets end: `x-api-key`, `access_token`, `clientSecret`. */
const SECRET_NAME = [
  'authorization',
  'cookie',
  'api[-_]?key',
  'access[-_]?key(?:[-_]?id)?',
  'private[-_]?key',
  'secret',
  'secret[-_]?key',
  'password',
  'passwd',
  'passphrase',
  'token',
  'credentials?',
  'signature',
].join('|');

/**
 * The name of such a field and what its value begins with, a string or a flat list. In a text within a text every quote has backslashes
 * before it, as many for the name as for the value.
 */
const SECRET_FIELD = new RegExp(`(\\\\{0,15}")[\\w-]{0,64}(?:${SECRET_NAME})\\1:\\s?(\\1|\\[)`, 'gi');
/** Where a word begins: behind an escaped line break too, whose letter looks like a part of it. */
const BEGIN = String.raw`(?:\b|(?<=\\[nrt]))`;
/** In URLs and commands: `X-Amz-Signature=…`, `PGPASSWORD=…`; and names that say so in URLs only. */
const SECRET_PARAMETER = new RegExp(
  `(${BEGIN}[\\w-]{0,64}(?:${SECRET_NAME})=|[?&](?:key|sig|code)=)[^\\s&"'\\\\;,]{1,4096}`,
  'gi',
);
/** As HTTP writes them. */
const SECRET_HEADER = new RegExp(
  `(${BEGIN}(?:authorization|cookie|x-(?:goog-)?api-key): ?)(?:(?!\\[redacted)[\\w-]{1,20} )?[^\\s"'\\\\,]{1,4096}`,
  'gi',
);
/** Credentials by their form. */
const BEARER = new RegExp(String.raw`${BEGIN}(bearer|basic)\s+[\w.~+/=-]{6,}`, 'gi');
const VENDOR_KEYS = new RegExp(
  `${BEGIN}(?:${[
    String.raw`sk-[\w-]{8,}`,
    String.raw`AIza[\w-]{30,}`,
    String.raw`whsec_[\w+/=-]{8,}`,
    String.raw`A[KS]IA[A-Z0-9]{12,}`,
    String.raw`gh[a-z]_\w{20,}`,
    String.raw`github_pat_\w{20,}`,
    String.raw`glpat-[\w-]{16,}`,
    String.raw`xox[a-z]-[\w-]{10,}`,
    // JSON Web Tokens.
    String.raw`eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*`,
  ].join('|')})`,
  'g',
);
const PRIVATE_KEYS = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:(?!-----END)(?:[^"\\]|\\+[nr])){0,16384}/g;
/** The user before it stays, unless it is long enough to be a token itself. */
const URL_PASSWORDS = /(:\/\/[^\s:"/@]{0,256}:)[^\s"@]{1,1024}@(?:[^\s"/@]{1,256}@)*/g;
const URL_TOKENS = /(:\/\/)[^\s:"/@?#]{20,1024}@/g;
/** Shorter values would be found in innocent words. */
const SHORTEST = 6;

/**
 * Takes secrets out of lines of JSON: fields with telling names, credentials of known forms, and the values in `secrets` wherever they
 * occur.
 */
export function createRedactor(secrets: readonly string[]): (line: string) => string {
  const known = [...new Set(secrets.filter((secret) => secret.length >= SHORTEST).flatMap(spellings))].sort(
    (left, right) => right.length - left.length,
  );
  return (line) => {
    let clean = line;
    for (const secret of known) clean = clean.replaceAll(secret, REDACTED);
    clean = withoutFields(clean).replace(BEARER, `$1 ${REDACTED}`).replace(VENDOR_KEYS, REDACTED);
    if (clean.includes('=')) clean = clean.replace(SECRET_PARAMETER, `$1${REDACTED}`);
    if (clean.includes(': ')) clean = clean.replace(SECRET_HEADER, `$1${REDACTED}`);
    if (clean.includes('-----BEGIN')) clean = clean.replace(PRIVATE_KEYS, REDACTED);
    if (!clean.includes('://')) return clean;
    return clean.replace(URL_PASSWORDS, `$1${REDACTED}@`).replace(URL_TOKENS, `$1${REDACTED}@`);
  };
}

/** A secret as it stands in a line, in a text within that, and in a URL. */
function spellings(secret: string): string[] {
  const inText = (text: string): string => JSON.stringify(text).slice(1, -1);
  return [inText(secret), inText(inText(secret)), encodeURIComponent(secret)];
}

/** Each value is looked for from its name on, so the time grows with the line only. */
function withoutFields(line: string): string {
  const kept: string[] = [];
  let from = 0;
  let lastBracket: number | undefined;
  SECRET_FIELD.lastIndex = 0;
  for (let found = SECRET_FIELD.exec(line); found !== null; found = SECRET_FIELD.exec(line)) {
    const [whole, quote = '', opening = ''] = found;
    const start = found.index + whole.length;
    const isList = opening === '[';
    if (isList && start > (lastBracket ??= line.lastIndexOf(']'))) continue;
    const end = isList ? line.indexOf(']', start) + 1 : endOfText(line, start, quote.length - 1);
    kept.push(line.slice(from, start - opening.length), quote, REDACTED, isList ? quote : '');
    from = end;
    SECRET_FIELD.lastIndex = end;
  }
  return kept.length === 0 ? line : `${kept.join('')}${line.slice(from)}`;
}

/**
 * Where a text ends: at the quote that closes it, or the text around it. Backslashes that are the text's own come before its quotes in
 * pairs, each of which is written with the backslashes of the texts around it.
 *
 * @param depth - backslashes before the quote that opened it.
 */
function endOfText(line: string, start: number, depth: number): number {
  for (let at = line.indexOf('"', start); at >= 0; at = line.indexOf('"', at + 1)) {
    let slashes = 0;
    while (at - slashes > start && line[at - slashes - 1] === '\\') slashes += 1;
    if (slashes < depth) return at - slashes;
    if ((slashes - depth) % (2 * (depth + 1)) === 0) return at - depth;
  }
  return line.length;
}

const SECRET_SETTING =
  /(?:^|[_-])(?:access_key_id|secret|secret_access_key|password|token|key|authorization)$/i;

/** The secrets among settings: values of fields whose names say so, and passwords in URLs. */
export function secretsIn(settings: unknown): string[] {
  if (typeof settings !== 'object' || settings === null) return [];
  return Object.entries(settings).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value !== 'string') return secretsIn(value);
    // A header's value begins with its scheme: `Bearer …`.
    if (SECRET_SETTING.test(name)) return [...new Set([value, value.replace(/^(?:Bearer|Basic) /i, '')])];
    const password = URL.canParse(value) ? new URL(value).password : '';
    return password === '' ? [] : [password, decodeURIComponent(password)];
  });
}
