import { text } from 'node:stream/consumers';
import { z } from 'zod';

import { AppError, isAppError } from '../../core/errors.ts';
import { attachedInWorkspace, noteAttached } from './attached-files.ts';
import type { SandboxArchive, SavedArchive } from './sandbox.ts';
import { SandboxProtocolError, type SandboxdClient } from './sandboxd-client.ts';

/** What sandboxd says of an archive. It is not trusted: it only decides how the session's own files are saved. */
const headersSchema = z.object({
  'archive-mark': z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  'archive-kind': z.enum(['full', 'changes']),
  'archive-bytes': z.coerce.number().nonnegative(),
  'archive-files': z.coerce.number().nonnegative(),
});
const tooLargeSchema = z.object({ bytes: z.number(), files: z.number() });

export interface LaunchedArchiveDeps {
  /** Notes what was attached; see `attached-files.ts`. */
  manifest: string;
  /** Whether the session has anything here. */
  hasTraces(): boolean;
  reach(): Promise<SandboxdClient>;
  /** Makes what must be there before anything is placed. */
  prepare(): Promise<void>;
}

/** Saves and restores through sandboxd. */
export function createLaunchedArchive(deps: LaunchedArchiveDeps): SandboxArchive {
  async function save(
    since: string | null,
    limits: { bytes: number; files: number },
  ): Promise<SavedArchive | null> {
    if (!deps.hasTraces()) return null;
    const attached = attachedInWorkspace(deps.manifest);
    const client = await deps.reach();
    const answer = await client.archive({ since, maxBytes: limits.bytes, maxFiles: limits.files });
    if (answer.statusCode === 204) {
      answer.resume();
      return null;
    }
    if (answer.statusCode === 413) {
      const found = tooLargeSchema.parse(JSON.parse(await text(answer)));
      throw new AppError(
        'too_large',
        `The sandbox keeps ${found.bytes} bytes in ${found.files} files; at most ${limits.bytes} bytes in ${limits.files} files are saved.`,
      );
    }
    const headers = headersSchema.safeParse(answer.headers);
    if (!headers.success) {
      answer.destroy();
      throw new AppError('sandbox_unavailable', 'The sandbox did not describe its archive.');
    }
    return {
      mark: headers.data['archive-mark'],
      kind: headers.data['archive-kind'],
      bytes: headers.data['archive-bytes'],
      files: headers.data['archive-files'],
      attached,
      content: answer,
    };
  }

  return {
    format: 'sandboxd-tar-zstd-1',
    async save(since, limits) {
      try {
        return await save(since, limits);
      } catch (error) {
        if (isAppError(error)) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        throw new AppError('sandbox_unavailable', `The sandbox cannot be saved: ${reason}`, { cause: error });
      }
    },
    async restore(archives, { mark, attached }, limits) {
      await deps.prepare();
      const client = await deps.reach();
      // Names, and the padding of small files, come on top of the contents.
      const maxBytes = limits.bytes + limits.files * 2_048;
      try {
        for (const open of archives) await client.putArchive(await open(), maxBytes);
        await client.markArchive(mark);
      } catch (error) {
        if (isAppError(error)) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        const code = error instanceof SandboxProtocolError ? 'invalid_request' : 'sandbox_unavailable';
        throw new AppError(code, `The sandbox cannot be restored: ${reason}`, { cause: error });
      }
      noteAttached(deps.manifest, attached);
    },
  };
}
