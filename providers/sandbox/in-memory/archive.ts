import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

import { AppError } from '../../../core/errors.ts';
import type { SandboxArchive } from '../sandbox.ts';
import type { MemorySession } from './session.ts';

const KEPT = ['/workspace/', '/home/agent/', '/mnt/session/outputs/'];
const archiveSchema = z.object({
  files: z.record(z.string(), z.string()),
  directory: z.string(),
  variables: z.record(z.string(), z.string()),
});

/** Saves the double's files as JSON; every archive is a full one. */
export function memoryArchive(session: () => MemorySession): SandboxArchive {
  function stateOf(): { text: string; bytes: number; files: number } {
    const { files, directory, variables } = session();
    const kept = [...files].filter(([path]) => KEPT.some((folder) => path.startsWith(folder)));
    const bytes = kept.reduce((sum, [, content]) => sum + Buffer.byteLength(content), 0);
    const state = { files: Object.fromEntries(kept), directory, variables: Object.fromEntries(variables) };
    return { text: JSON.stringify(state), bytes, files: kept.length };
  }
  return {
    format: 'in-memory-1',
    async save(since, limits) {
      const { marks, files: all } = session();
      if (all.size === 0) return null;
      const { text: state, bytes, files } = stateOf();
      if (bytes > limits.bytes || files > limits.files) {
        throw new AppError(
          'too_large',
          `The sandbox keeps ${bytes} bytes in ${files} files; that is too much.`,
        );
      }
      if (since !== null && marks.get(since) === state) return null;
      const mark = randomUUID();
      marks.set(mark, state);
      const attached = {};
      return { mark, kind: 'full', bytes, files, attached, content: Readable.from([Buffer.from(state)]) };
    },
    async restore(archives, { mark }, limits) {
      for (const open of archives) {
        const state = await text(await open());
        let parsed;
        try {
          parsed = archiveSchema.parse(JSON.parse(state));
        } catch (cause) {
          throw new AppError('invalid_request', 'The archive is damaged.', { cause });
        }
        const entries = Object.entries(parsed.files);
        const bytes = entries.reduce((sum, [, content]) => sum + Buffer.byteLength(content), 0);
        const leads = entries.some(([path]) => !KEPT.some((folder) => path.startsWith(folder)));
        if (leads || bytes > limits.bytes) throw new AppError('invalid_request', 'The archive is refused.');
        const { files, variables } = session();
        for (const [path, content] of entries) files.set(path, content);
        for (const [name, value] of Object.entries(parsed.variables)) variables.set(name, value);
        session().directory = parsed.directory;
      }
      session().marks.set(mark, stateOf().text);
    },
  };
}
