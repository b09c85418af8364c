/** A link as it may be followed from text that nobody vouches for: http, https and mail; everything else leads nowhere. */
export function safeUrl(url: string): string {
  if (!URL.canParse(url)) return '';
  return ['http:', 'https:', 'mailto:'].includes(new URL(url).protocol) ? url : '';
}
