import { extractText, getDocumentProxy } from 'unpdf';
import type { PdfLimits, ReadPdf } from './pdf-reader.ts';

/** Reads a PDF in this thread. Rejects for one that cannot be read. */
export async function pdfText(bytes: Uint8Array, limits: PdfLimits): Promise<ReadPdf | { refusal: string }> {
  // The parser takes the buffer over, so it gets its own.
  const document = await getDocumentProxy(new Uint8Array(bytes));
  const pages = document.numPages;
  if (pages > limits.pages) return { refusal: `it has ${pages} pages, at most ${limits.pages} are read` };
  const { text } = await extractText(document, { mergePages: false });
  if (text.every((page) => page.trim() === '')) return { pages, text: '' };
  const whole = text
    .map((page, index) => `--- page ${index + 1} of ${pages} ---\n${page.trim()}`)
    .join('\n\n')
    .toWellFormed();
  return { pages, text: cut(whole, limits.characters) };
}

function cut(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const kept = text.slice(0, characters).replace(/[\ud800-\udbff]$/, '');
  return `${kept}\n\n[The document goes on; ${text.length - kept.length} of its ${text.length} characters are left out here.]`;
}
