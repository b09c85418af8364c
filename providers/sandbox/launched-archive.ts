import { AppError, isAppError } from '../../core/errors.ts';
import { attachedInWorkspace, noteAttached } from './attached-files.ts';
import type { SandboxArchive, SavedArchive } from './sandbox.ts';
import { SandboxProtocolError, type SandboxdClient } from './sandboxd-client.ts';

export interface LaunchedArchiveDeps {
  /** Of its archives; see `SandboxArchive.format`. */
  format: string;
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
    switch (answer.state) {
      case 'unchanged':
        return null;
      case 'too_large':
        throw new AppError(
          'too_large',
          `The sandbox keeps ${answer.bytes} bytes in ${answer.files} files; at most ${limits.bytes} bytes in ${limits.files} files are saved.`,
        );
      case 'saved': {
        const { mark, kind, bytes, files, content } = answer;
        return { mark, kind, bytes, files, attached, content };
      }
    }
  }

  return {
    format: deps.format,
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
