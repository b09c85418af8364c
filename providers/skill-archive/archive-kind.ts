export type ArchiveKind = 'zip' | 'gzip' | 'tar';

/** What bytes are, by how they start; null when they are no archive. */
export function archiveKind(bytes: Uint8Array): ArchiveKind | null {
  const [first, second, third] = bytes;
  if (first === 0x50 && second === 0x4b && (third === 0x03 || third === 0x05)) return 'zip';
  if (first === 0x1f && second === 0x8b) return 'gzip';
  if (Buffer.from(bytes.subarray(257, 262)).toString('latin1') === 'ustar') return 'tar';
  return null;
}
