/**
 * Groups that look around, that have a name or flags; references to groups; classes by property; anchors that few engines share; counts
 * beyond a thousand, which RE2 refuses.
 */
const UNUSUAL = /\(\?(?!:)|\\[1-9kpPuUxcQEGAZzX]|\[\[:|[*+?}]\+|\{\d*,?\d{4,}|\{\d{4,}/;

/** Whether the regular expressions of all servers read a pattern, and as the same: also those that know neither lookaround nor references. */
export function isPortablePattern(pattern: string): boolean {
  if (pattern.length === 0 || pattern.length > 1_000 || UNUSUAL.test(pattern)) return false;
  try {
    // The stricter of the two ways to read one; servers in other languages are as strict.
    return new RegExp(pattern, 'u').source !== '';
  } catch {
    return false;
  }
}
