import { lookup } from 'mime-types';

const OCTETS = 'application/octet-stream';

/** The type that the client named. Without one a form's part counts as plain text, so for that the name's extension is asked too. */
export function mimeTypeOf(sent: string, name: string | null): string {
  const named = sent.toLowerCase();
  const isValid = /^[\w.+-]+\/[\w.+-]+$/.test(named) && named.length <= 100;
  if (isValid && named !== OCTETS && named !== 'text/plain') return named;
  return lookup(name ?? '') || (isValid ? named : OCTETS);
}
