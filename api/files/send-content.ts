import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import type { Response } from 'express';
import { downloadName } from '../../core/files/download-name.ts';

/** Bytes that a client or an agent made, and what is known of them. */
export interface ForeignContent {
  content: Readable;
  bytes: number;
  type: string;
  filename: string;
  /** A browser may show it in its place, for types that it shows without running anything; else it saves it. */
  isShown?: boolean;
}

/** Browsers show no PDF in a sandbox; it cannot reach the page either way. */
const UNBOXED = new Set(['application/pdf']);

/**
 * Answers with bytes of strangers. Every route that serves some does it here: a browser takes them for what they are said to be, runs
 * nothing of them with this service's origin, and gives them to no other site.
 */
export async function sendContent(
  response: Response,
  { content, bytes, type, filename, isShown = false }: ForeignContent,
  signal: AbortSignal,
): Promise<void> {
  guardContent(response, type, isShown);
  if (!isShown) response.attachment(downloadName(filename));
  response.setHeader('content-type', type);
  response.setHeader('content-length', bytes);
  await pipeline(content, response, { signal });
}

/** Only the headers that keep a browser from running something, for an answer without the bytes. */
export function guardContent(response: Response, type: string, isShown: boolean): void {
  const sandbox = isShown && UNBOXED.has(type) ? '' : '; sandbox';
  response.setHeader('content-security-policy', `default-src 'none'${sandbox}`);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
}
