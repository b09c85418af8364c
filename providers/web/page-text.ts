import { gfm } from '@joplin/turndown-plugin-gfm';
import TurndownService from 'turndown';
import { extractText, getDocumentProxy } from 'unpdf';

/** What a page says, as text, or why nothing can be said. */
export type PageText = { text: string; title: string | null } | { refusal: string };

export interface PageSource {
  url: string;
  mediaType: string;
  charset: string;
  bytes: Uint8Array;
}

/** Pages of a document that are read. */
const PDF_PAGES = 200;

function decodeText(bytes: Uint8Array, charset: string): string {
  try {
    return new TextDecoder(charset === '' ? 'utf-8' : charset).decode(bytes);
  } catch {
    // A charset that nobody knows: most of the page is ASCII in any case.
    return new TextDecoder('utf-8').decode(bytes);
  }
}

/** The charset that the page itself names, where the server names none. */
function declaredCharset(bytes: Uint8Array): string {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 2_048));
  return /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(head)?.[1]?.toLowerCase() ?? '';
}

function htmlToMarkdown(html: string, url: string): PageText {
  const service = new TurndownService({
    headingStyle: 'atx',
    codeBlockStyle: 'fenced',
    bulletListMarker: '-',
  });
  service.use(gfm);
  service.remove([
    'script',
    'style',
    'noscript',
    'iframe',
    'object',
    'embed',
    'template',
    'head',
    'title',
    'button',
    'input',
    'select',
    'textarea',
    'canvas',
    'audio',
    'video',
  ]);
  service.addRule('links', {
    filter: (node) => node.nodeName === 'A' && node.getAttribute('href') !== null,
    replacement(content, node) {
      const text = content.trim();
      if (text === '') return '';
      const target = URL.parse((node as HTMLElementLike).getAttribute('href') ?? '', url);
      return target === null || !/^https?:$/.test(target.protocol)
        ? text
        : `[${text.replace(/\s+/g, ' ')}](${target.href})`;
    },
  });
  service.addRule('images', {
    filter: 'img',
    replacement(_content, node) {
      const alternative = ((node as HTMLElementLike).getAttribute('alt') ?? '').trim();
      return alternative === '' ? '' : `[image: ${alternative}]`;
    },
  });
  const title = /<title[^>]*>([^<]*)/i.exec(html)?.[1]?.replace(/\s+/g, ' ').trim();
  const text = service
    .turndown(html)
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  return { text, title: title === undefined || title === '' ? null : title };
}

/** The part of a DOM element that rules look at. */
interface HTMLElementLike {
  getAttribute(name: string): string | null;
}

async function pdfToText(bytes: Uint8Array): Promise<PageText> {
  const document = await getDocumentProxy(new Uint8Array(bytes));
  if (document.numPages > PDF_PAGES)
    return { refusal: `the document has ${document.numPages} pages, over the limit of ${PDF_PAGES}` };
  const { text } = await extractText(document, { mergePages: true });
  return { text: text.trim(), title: null };
}

/** Turns what was fetched into text: pages to Markdown, documents to their text, other text as it is. */
export async function pageText(source: PageSource): Promise<PageText> {
  const { mediaType, bytes } = source;
  if (mediaType === 'application/pdf' || Buffer.from(bytes.subarray(0, 5)).toString('latin1') === '%PDF-') {
    return pdfToText(bytes);
  }
  const isHtml = mediaType === 'text/html' || mediaType === 'application/xhtml+xml';
  if (isHtml) {
    const charset = source.charset === '' ? declaredCharset(bytes) : source.charset;
    return htmlToMarkdown(decodeText(bytes, charset), source.url);
  }
  const isText =
    mediaType.startsWith('text/') ||
    /(^|[/+])(json|xml|javascript|yaml|x-yaml|toml)$/.test(mediaType) ||
    mediaType === '';
  if (!isText || bytes.subarray(0, 8_192).includes(0)) {
    return {
      refusal: `it is ${mediaType === '' ? 'binary data' : mediaType}, which cannot be shown as text`,
    };
  }
  return { text: decodeText(bytes, source.charset), title: null };
}
