const REDACTED = '[redacted]';

/** Names of fields whose values are secrets, wherever they stand. */
const SECRET_NAMES = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-goog-api-key',
  'api-key',
  'api_?key',
  'access_?key_?id',
  'secret_?access_?key',
  'client_?secret',
  'authorization_token',
  'password',
  'passphrase',
  'secret',
  'token',
  'task_?token',
];

/** In a line of JSON: the name of such a field, and its value, a string or a flat list. */
const SECRET_FIELDS = new RegExp(
  `("(?:${SECRET_NAMES.join('|')})":)(?:"(?:[^"\\\\]|\\\\.)*"|\\[[^\\]]*\\])`,
  'gi',
);
/** Within longer texts: credentials by their form. */
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi;
const VENDOR_KEYS = /\b(?:sk-[\w-]{8,}|AIza[\w-]{30,}|whsec_[\w+/=-]{8,}|AKIA[A-Z0-9]{12,})/g;
const URL_PASSWORDS = /(:\/\/[^\s:"/@]{0,256}:)[^\s"@]{1,1024}@/g;
/** Shorter values would be found in innocent words. */
const SHORTEST = 6;

/**
 * Takes secrets out of lines of JSON: fields with telling names, credentials of known forms, and the values in `secrets` wherever they
 * occur.
 */
export function createRedactor(secrets: readonly string[]): (line: string) => string {
  const known = [...new Set(secrets)]
    .filter((secret) => secret.length >= SHORTEST)
    .map((secret) => JSON.stringify(secret).slice(1, -1))
    .sort((left, right) => right.length - left.length);
  return (line) => {
    let clean = line;
    for (const secret of known) clean = clean.replaceAll(secret, REDACTED);
    return clean
      .replace(SECRET_FIELDS, `$1"${REDACTED}"`)
      .replace(BEARER, `$1 ${REDACTED}`)
      .replace(VENDOR_KEYS, REDACTED)
      .replace(URL_PASSWORDS, `$1${REDACTED}@`);
  };
}

const SECRET_SETTING = /(?:^|_)(?:api_key|access_key_id|secret|secret_access_key|password|token|key)$/;

/** The secrets among settings: values of fields whose names say so, and passwords in URLs. */
export function secretsIn(settings: unknown): string[] {
  if (typeof settings !== 'object' || settings === null) return [];
  return Object.entries(settings).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value !== 'string') return secretsIn(value);
    if (SECRET_SETTING.test(name)) return [value];
    const password = URL.canParse(value) ? new URL(value).password : '';
    return password === '' ? [] : [password, decodeURIComponent(password)];
  });
}
