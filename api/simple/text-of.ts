import type { Json } from '../../core/json.ts';

/** What blocks of content say, as one text; what is no text is named. */
export function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((block) => {
      const { type, text, title } = block as { type?: string; text?: string; title?: string };
      return type === 'text' ? (text ?? '') : `[${type ?? 'content'}${title ? `: ${title}` : ''}]`;
    })
    .join('');
}
