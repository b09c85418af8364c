const SIGNATURES: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
  'image/png': (bytes) => bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex')),
  'image/jpeg': (bytes) => bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex')),
  'image/gif': (bytes) => /^GIF8[79]a/.test(bytes.toString('latin1', 0, 6)),
  'image/webp': (bytes) =>
    bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP',
  'image/heic': isHeic,
  'image/heif': isHeic,
  'application/pdf': (bytes) => bytes.toString('latin1', 0, 5) === '%PDF-',
};

function isHeic(bytes: Buffer): boolean {
  return /^ftyp(hei|hev|mif|msf)/.test(bytes.toString('latin1', 4, 12));
}

/** Whether data begins like the type that it is said to be. */
export function isOfType(bytes: Buffer, mediaType: string): boolean {
  return SIGNATURES[mediaType]?.(bytes) === true;
}

/** What is wrong with a data URL, if anything. */
export function dataUrlViolation(url: string, types: readonly string[]): string | undefined {
  const match = /^data:([a-z]+\/[a-z0-9.+-]+);base64,([A-Za-z0-9+/]+={0,2})$/.exec(url);
  const [, type = '', data = ''] = match ?? [];
  if (!types.includes(type))
    return `${type === '' ? 'an odd URL' : type} where ${types.join(', ')} are taken`;
  return isOfType(Buffer.from(data, 'base64'), type) ? undefined : `data that is no ${type}`;
}
