import type { PdfLimits } from '../../document/pdf-reader.ts';
import { pdfText } from '../../document/pdf-text.ts';
import type { JobModule } from '../job-module.ts';

/** Reads the text of one PDF. */
export const run: JobModule['run'] = async (value, [bytes = Buffer.alloc(0)]) => ({
  value: await pdfText(bytes, value as PdfLimits),
});
