/** Names of the containers of AVIF and HEIC in their first box. */
const BRANDS: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  avis: 'image/avif',
  heic: 'image/heic',
  heix: 'image/heic',
  hevc: 'image/heic',
  heim: 'image/heic',
  heis: 'image/heic',
  mif1: 'image/heic',
};

/** The media type of an image by its first bytes; those that no model takes are converted before one sees them. */
export function imageTypeOf(head: Uint8Array): string | undefined {
  const latin = Buffer.from(head).toString('latin1');
  if (latin.startsWith('\u0089PNG\r\n\u001a\n')) return 'image/png';
  if (latin.startsWith('\u00ff\u00d8\u00ff')) return 'image/jpeg';
  if (latin.startsWith('GIF87a') || latin.startsWith('GIF89a')) return 'image/gif';
  if (latin.startsWith('RIFF') && latin.slice(8, 12) === 'WEBP') return 'image/webp';
  if (latin.startsWith('II*\0') || latin.startsWith('MM\0*')) return 'image/tiff';
  // Two letters are too few: a text may begin with them. The four bytes after the size are always zero.
  if (latin.startsWith('BM') && latin.slice(6, 10) === '\0\0\0\0') return 'image/bmp';
  if (latin.slice(4, 8) === 'ftyp') return BRANDS[latin.slice(8, 12)];
  return undefined;
}
