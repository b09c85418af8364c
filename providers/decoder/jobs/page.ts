import { pageText, type PageSource } from '../../web/page-text.ts';
import type { JobModule } from '../job-module.ts';

/** Reads one page of the web. */
export const run: JobModule['run'] = async (value, [bytes = Buffer.alloc(0)]) => ({
  value: await pageText({ ...(value as Omit<PageSource, 'bytes'>), bytes }),
});
