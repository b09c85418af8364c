import { z } from 'zod';
import type { DecodeOutcome, Decoder } from '../decoder/decoder.ts';
import type { PdfLimits, PdfReader } from './pdf-reader.ts';

const MILLISECONDS = 30_000;
/** In JSON a character takes six bytes at most. */
const BYTES_PER_CHARACTER = 6;
/** The words about what was left out. */
const NOTE_CHARACTERS = 200;

/** Reads PDFs in a decoder. */
export function createDecodedPdfs(
  decoder: Decoder,
  options: PdfLimits & { milliseconds?: number },
): PdfReader {
  const { milliseconds = MILLISECONDS, pages, characters } = options;
  const longest = characters + NOTE_CHARACTERS;
  const Answer = z.union([
    z.strictObject({ pages: z.int().nonnegative().max(pages), text: z.string().max(longest) }),
    z.strictObject({ refusal: z.string().max(1_000) }),
  ]);
  return {
    async read(workspaceId, pdf, signal) {
      const value: PdfLimits = { pages, characters };
      const answerBytes = longest * BYTES_PER_CHARACTER;
      const job = { kind: 'pdf', workspaceId, value, parts: [pdf], milliseconds, answerBytes };
      const outcome = await decoder.decode(job, signal);
      if (!outcome.ok) return { refusal: whyNot(outcome, milliseconds) };
      const read = Answer.safeParse(outcome.value);
      return read.success ? read.data : { refusal: 'it cannot be read: its reader gave no answer' };
    },
  };
}

function whyNot(outcome: Extract<DecodeOutcome, { ok: false }>, milliseconds: number): string {
  if (outcome.cause === 'time') return `it cannot be read within ${milliseconds / 1_000} s`;
  return `it cannot be read (${outcome.message})`;
}
