/** What a PDF holds. `text` has a line before each page that names it; it is empty where no page has any. */
export interface ReadPdf {
  pages: number;
  text: string;
}

/**
 * Reads PDFs. Whatever is wrong with one (broken, encrypted, too many pages, too slow) is a refusal in words, never an error. Rejects
 * with `unavailable` when too many wait or none can be read at the moment, and with the signal's reason when `signal` aborts.
 * Deterministic, so it may be repeated.
 */
export interface PdfReader {
  read(workspaceId: string, pdf: Uint8Array, signal: AbortSignal): Promise<ReadPdf | { refusal: string }>;
}

export interface PdfLimits {
  pages: number;
  /** Of the text; what is longer is cut, and says so. */
  characters: number;
}
