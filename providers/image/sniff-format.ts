export type ImageFormat = 'png' | 'jpeg' | 'gif' | 'webp' | 'avif' | 'heic' | 'tiff' | 'bmp' | 'svg';

export const MEDIA_TYPES: Readonly<Record<ImageFormat, string>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  heic: 'image/heic',
  tiff: 'image/tiff',
  bmp: 'image/bmp',
  svg: 'image/svg+xml',
};

/** Other names for the same. */
const ALIASES: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'image/x-png': 'image/png',
  'image/heif': 'image/heic',
  'image/heic-sequence': 'image/heic',
  'image/heif-sequence': 'image/heic',
  'image/tif': 'image/tiff',
  'image/x-ms-bmp': 'image/bmp',
  'image/x-bmp': 'image/bmp',
  'image/svg': 'image/svg+xml',
};

/** The usual name of a media type. */
export function usualMediaType(mediaType: string): string {
  const bare = mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return ALIASES[bare] ?? bare;
}

/** What the first bytes of a file say that it is; undefined for what is no image known here. */
export function sniffFormat(data: Uint8Array): ImageFormat | undefined {
  const head = Buffer.from(data.buffer, data.byteOffset, Math.min(data.byteLength, 1_024));
  const ascii = head.toString('latin1');
  if (ascii.startsWith('\u0089PNG\r\n\u001a\n')) return 'png';
  if (ascii.startsWith('\u00ff\u00d8\u00ff')) return 'jpeg';
  if (ascii.startsWith('GIF87a') || ascii.startsWith('GIF89a')) return 'gif';
  if (ascii.startsWith('RIFF') && ascii.slice(8, 12) === 'WEBP') return 'webp';
  if (ascii.startsWith('II*\0') || ascii.startsWith('MM\0*')) return 'tiff';
  if (ascii.startsWith('BM') && head.length >= 26) return 'bmp';
  if (ascii.slice(4, 8) === 'ftyp') return sniffBrand(ascii);
  return isSvg(head.toString('utf8')) ? 'svg' : undefined;
}

/** AVIF and HEIC are the same container; the brands in its first box tell them apart. */
function sniffBrand(ascii: string): ImageFormat | undefined {
  const size = (ascii.charCodeAt(2) << 8) | ascii.charCodeAt(3);
  const brands = ascii.slice(8, Math.max(12, size)).match(/.{4}/gs) ?? [];
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  const isHeic = brands.some((brand) => /^(?:hei[cxms]|hev[cxms]|mif1|msf1)$/.test(brand));
  return isHeic ? 'heic' : undefined;
}

function isSvg(text: string): boolean {
  const start = text
    .replace(/^\ufeff/, '')
    .replace(/^(?:\s|<\?xml[^>]*>|<!--[\s\S]*?-->|<!DOCTYPE\s+svg\b[^>[]*>)+/i, '');
  return /^<svg[\s>]/i.test(start);
}
