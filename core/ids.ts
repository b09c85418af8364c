/**
 * Identifiers are `<prefix>_<26 characters>`: 48 bits of time and 80 of randomness in Crockford's base 32, so that ids made later
 * sort later. Clients must treat them as opaque; the prefixes are the API's own.
 */
export const ID_PREFIXES = {
  agent: 'agent',
  environment: 'env',
  session: 'sesn',
  event: 'sevt',
  thread: 'sthr',
  resource: 'sesrsc',
  file: 'file',
  skill: 'skill',
  skillVersion: 'skver',
  vault: 'vlt',
  credential: 'vcrd',
  memoryStore: 'memstore',
  deployment: 'depl',
  work: 'work',
  request: 'req',
  signIn: 'signin',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * Makes one id.
 *
 * @param kind - which resource the id names.
 * @param milliseconds - the time part, Unix milliseconds.
 * @param random - 10 random bytes from a cryptographic source.
 */
export function makeId(kind: IdKind, milliseconds: number, random: Uint8Array): string {
  if (random.length < 10) throw new RangeError('makeId needs 10 random bytes');
  let time = Math.floor(milliseconds);
  const head: string[] = Array.from({ length: 10 });
  for (let position = 9; position >= 0; position--) {
    head[position] = ALPHABET.charAt(time % 32);
    time = Math.floor(time / 32);
  }
  let tail = '';
  let bits = 0;
  let buffer = 0;
  for (const byte of random.subarray(0, 10)) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      tail += ALPHABET.charAt((buffer >>> bits) & 31);
    }
    buffer &= (1 << bits) - 1;
  }
  return `${ID_PREFIXES[kind]}_${head.join('')}${tail}`;
}

/** Whether `value` has the form of an id of this kind. Ids made by other versions of the service may be longer or shorter. */
export function isId(kind: IdKind, value: string): boolean {
  return new RegExp(`^${ID_PREFIXES[kind]}_[0-9A-Za-z]{1,64}$`).test(value);
}
