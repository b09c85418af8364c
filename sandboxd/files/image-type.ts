/** The media type of an image by its first bytes, for the formats that models take. */
export function imageTypeOf(head: Uint8Array): string | undefined {
  const latin = Buffer.from(head).toString('latin1');
  if (latin.startsWith('\u0089PNG\r\n\u001a\n')) return 'image/png';
  if (latin.startsWith('\u00ff\u00d8\u00ff')) return 'image/jpeg';
  if (latin.startsWith('GIF87a') || latin.startsWith('GIF89a')) return 'image/gif';
  if (latin.startsWith('RIFF') && latin.slice(8, 12) === 'WEBP') return 'image/webp';
  return undefined;
}
