import { z } from 'zod';
import type { Decoder } from '../decoder/decoder.ts';
import type { PageSource, PageText } from './page-text.ts';

const MILLISECONDS = 20_000;
/** Of what is made of a page: several times what is fetched of one. */
const ANSWER_BYTES = 64 * 1024 * 1024;

const Answer = z.union([
  z.strictObject({ text: z.string(), title: z.string().nullable() }),
  z.strictObject({ refusal: z.string().max(4_000) }),
]);

/**
 * Turns what was fetched for a workspace into text. Whatever is wrong with a page is a refusal in words. Rejects with `unavailable` when
 * too many wait or none can be read at the moment, and with the signal's reason when `signal` aborts.
 */
export type PageReader = (workspaceId: string, source: PageSource, signal: AbortSignal) => Promise<PageText>;

/** Reads pages in a decoder. */
export function createPageReader(decoder: Decoder, { milliseconds = MILLISECONDS } = {}): PageReader {
  return async (workspaceId, { bytes, url, mediaType, charset }, signal) => {
    const value: Omit<PageSource, 'bytes'> = { url, mediaType, charset };
    const job = { kind: 'page', workspaceId, value, parts: [bytes], milliseconds, answerBytes: ANSWER_BYTES };
    const outcome = await decoder.decode(job, signal);
    if (!outcome.ok) {
      return outcome.cause === 'time'
        ? { refusal: `it cannot be read within ${milliseconds / 1_000} s` }
        : { refusal: `it cannot be read: ${outcome.message}` };
    }
    const read = Answer.safeParse(outcome.value);
    return read.success ? read.data : { refusal: 'it cannot be read: its reader gave no answer' };
  };
}
