import type { ContentBlock, DocumentBlock, SearchResultBlock } from '../../core/session/content.ts';

/** The text of a block for vendors that have no form of their own for it; undefined for what is no text. */
export function textOfContent(block: ContentBlock): string | undefined {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'search_result':
      return searchResultText(block);
    case 'document':
      return block.source.type === 'text' ? documentText(block, block.source.data) : undefined;
    case 'image':
      return undefined;
    default:
      return block satisfies never;
  }
}

function documentText({ title, context }: DocumentBlock, data: string): string {
  const about = [title, context]
    .filter((part) => part !== undefined && part !== null && part !== '')
    .join('\n');
  return `<document>\n${about === '' ? '' : `${about}\n\n`}${data}\n</document>`;
}

function searchResultText({ title, source, content }: SearchResultBlock): string {
  return `<search_result>\n${title}\n${source}\n\n${content.map(({ text }) => text).join('\n')}\n</search_result>`;
}
