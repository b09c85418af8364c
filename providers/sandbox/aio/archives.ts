import { randomUUID } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { z } from 'zod';

import { createArchiveCheck, REMOVED } from '../../../sandboxd/archive-check.ts';
import { SandboxProtocolError, type ArchiveAnswer, type SandboxdClient } from '../sandboxd-client.ts';
import { AioFailure, type AioApi } from './api.ts';
import { GuardError, type Guard } from './guard.ts';

export interface AioArchivesDeps {
  api: AioApi;
  guard: Guard;
  root: string;
  /** The kept folders by their names in archives. */
  folders: Readonly<Record<string, string>>;
}

const savedSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('unchanged') }),
  z.object({ state: z.literal('too_large'), bytes: z.number(), files: z.number() }),
  z.object({
    state: z.literal('saved'),
    mark: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
    kind: z.enum(['full', 'changes']),
    bytes: z.number(),
    files: z.number(),
    path: z.string(),
  }),
]);

const WORK_SECONDS = 30 * 60;
/** Archives go in in parts: a server in between may bound what one request brings. */
const PART_BYTES = 8 * 1024 * 1024;

/**
 * Saves and restores what a session keeps in an AIO Sandbox. The tar is made and unpacked inside, by the guard; compression and the check
 * of what comes back are done here, so that the container needs no more than tar.
 */
export function createAioArchives({
  api,
  guard,
  root,
  folders,
}: AioArchivesDeps): Pick<SandboxdClient, 'archive' | 'putArchive' | 'markArchive'> {
  async function compressed(path: string): Promise<Readable> {
    const tar = await api.stream(`/v1/file/download?path=${encodeURIComponent(path)}`);
    const content = new PassThrough();
    const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
    pipeline(tar, createZstdCompress(level), content)
      .catch((error: unknown) => content.destroy(error instanceof Error ? error : new Error(String(error))))
      // What is left inside after a connection that broke is removed by a later save.
      .finally(() => void guard.ask('remove', z.unknown(), { path }).catch(() => undefined));
    return content;
  }

  async function archive({
    since,
    maxBytes,
    maxFiles,
  }: Parameters<SandboxdClient['archive']>[0]): Promise<ArchiveAnswer> {
    const request = { folders, since, maxBytes, maxFiles };
    const saved = await guard.work('save', savedSchema, request, WORK_SECONDS);
    if (saved.state !== 'saved') return saved;
    const { path, ...rest } = saved;
    return { ...rest, content: await compressed(path) };
  }

  /** Brings the archive in as files, after it was looked at here; nothing is unpacked before it came as a whole. */
  async function bringIn(content: Readable, folder: string, maxBytes: number): Promise<void> {
    const check = createArchiveCheck(Object.keys(folders));
    let [total, number] = [0, 0];
    let held: Buffer[] = [];
    let size = 0;
    const put = (name: string, bytes: Buffer): Promise<void> =>
      api.upload(`${folder}/${name}`, Readable.from([bytes]));
    async function flush(): Promise<void> {
      if (size === 0) return;
      const bytes = Buffer.concat(held);
      held = [];
      size = 0;
      await put(`part-${String(number++).padStart(8, '0')}`, bytes);
    }
    await pipeline(content, createZstdDecompress(), async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) {
        total += chunk.length;
        if (total > maxBytes) throw new Error(`the archive unpacks to more than ${maxBytes} bytes`);
        await check.feed(chunk);
        held.push(chunk);
        size += chunk.length;
        if (size >= PART_BYTES) await flush();
      }
      await check.end();
    });
    await flush();
    await put(REMOVED, check.removed() ?? Buffer.alloc(0));
  }

  return {
    archive,
    async putArchive(content, maxBytes) {
      const folder = `${root}/restore-${randomUUID()}`;
      await guard.ask('folder', z.unknown(), { path: folder });
      try {
        await bringIn(content, folder, maxBytes);
        await guard.work('unpack', z.unknown(), { folders, parts: folder }, WORK_SECONDS);
      } catch (error) {
        await guard.ask('discard', z.unknown(), { path: folder }).catch(() => undefined);
        throw isRefusal(error) ? new SandboxProtocolError(messageOf(error), { cause: error }) : error;
      }
    },
    async markArchive(mark) {
      await guard.work('mark', z.unknown(), { folders, mark }, WORK_SECONDS);
    },
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether it is the archive that is bad, and not the way to the container. */
function isRefusal(error: unknown): boolean {
  if (error instanceof GuardError || error instanceof AioFailure) return true;
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return code.startsWith('ZSTD') || code.startsWith('ERR_ZSTD') || error.message.startsWith('the archive ');
}
