import { randomUUID } from 'node:crypto';
import { isAbsolute, join, relative, resolve } from 'node:path/posix';
import { Readable } from 'node:stream';
import { z } from 'zod';

import { cutHead, decode } from '../../../sandboxd/clean-text.ts';
import { imageTypeOf } from '../../../sandboxd/files/image-type.ts';
import type { OperationResult, SandboxOperation } from '../operation.ts';
import { SandboxProtocolError } from '../sandboxd-client.ts';
import { AioFailure } from './api.ts';
import { GuardError } from './guard.ts';
import type { AioOperationDeps } from './operation-deps.ts';

type Of<Type extends SandboxOperation['type']> = Extract<SandboxOperation, { type: Type }>;

/** Whole files and ranges up to this many bytes. */
const SHOWN_BYTES = 256 * 1024;
const IMAGE_BYTES = 8 * 1024 * 1024;
const FILE_BYTES = 16 * 1024 * 1024;
const LISTED = 200;

/** What a failed system call means, for a model. */
const REASONS: Record<number, string> = {
  1: 'operation not permitted',
  2: 'no such file or directory',
  13: 'permission denied',
  20: 'a part of the path is not a directory',
  21: 'it is a directory',
  27: 'the file would become too large',
  28: 'no space left in the sandbox',
  30: 'it lies in a read-only place',
  36: 'the name is too long',
  40: 'too many symbolic links',
};

const lookSchema = z.object({ kind: z.enum(['file', 'folder', 'kernel', 'other']), bytes: z.number() });
/** AIO gives up counting there; more is shown to nobody anyway. */
const MATCHES = 2_000;

const globSchema = z.object({
  files: z.array(z.object({ path: z.string(), modified_time: z.string().nullish() })),
  truncated: z.boolean().optional(),
});
const grepSchema = z.object({
  matches: z.array(z.object({ file: z.string(), line_number: z.number(), line_content: z.string() })),
  truncated: z.boolean().optional(),
});

const done = (text: string): OperationResult => ({ text, isError: false });
const failed = (text: string): OperationResult => ({ text, isError: true });

class FileProblem extends Error {}

function pathOf({ workdir, home }: AioOperationDeps, path: string): string {
  if (path.includes('\0')) throw new FileProblem('the path contains a NUL character');
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
  return isAbsolute(path) ? resolve(path) : resolve(workdir, path);
}

/** Turns what the guard and AIO say of a file into words; everything else is thrown on. */
async function telling(
  verb: string,
  shown: string,
  work: () => Promise<OperationResult>,
): Promise<OperationResult> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FileProblem) return failed(`cannot ${verb} ${shown}: ${error.message}`);
    if (error instanceof GuardError) {
      return failed(`cannot ${verb} ${shown}: ${REASONS[error.errno ?? 0] ?? error.message}`);
    }
    if (error instanceof AioFailure) return failed(`cannot ${verb} ${shown}: ${error.message}`);
    throw error;
  }
}

/** The bytes of a regular file. It was looked at before, so that a pipe does not hang the server. */
async function contentOf(deps: AioOperationDeps, path: string, signal?: AbortSignal): Promise<Buffer> {
  const { kind, bytes } = await deps.guard.ask('look', lookSchema, { path });
  if (kind === 'folder') throw new FileProblem('it is a directory; list it with glob or bash');
  if (kind === 'kernel') throw new FileProblem('files of the kernel are read with bash');
  if (kind === 'other') throw new FileProblem('it is not a regular file');
  if (bytes > FILE_BYTES) {
    throw new FileProblem(`it has ${bytes} bytes, over the limit of ${FILE_BYTES}; use bash`);
  }
  try {
    const route = `/v1/file/download?path=${encodeURIComponent(path)}`;
    return (await deps.api.bytes(route, signal)).content;
  } catch (error) {
    if (!(error instanceof SandboxProtocolError)) throw error;
    throw new FileProblem(error.message);
  }
}

/** Writes a whole file, atomically; returns its bytes. */
export async function putFile(
  deps: Pick<AioOperationDeps, 'api' | 'guard' | 'root'>,
  target: string,
  text: string,
): Promise<number> {
  const content = Buffer.from(text, 'utf8');
  const temporary = `${deps.root}/upload-${randomUUID()}`;
  await deps.api.upload(temporary, Readable.from([content]));
  await deps.guard.ask('place', z.unknown(), { temporary, target, mode: 0o644 });
  return content.length;
}

function shownText(text: string, limit: number): OperationResult {
  if (text.length <= limit) return done(text);
  return done(`${cutHead(text, limit)}\n[cut at ${limit} characters; read on with view_range]`);
}

export function readFile(
  deps: AioOperationDeps,
  { path: shown, range }: Of<'read'>,
  signal: AbortSignal,
): Promise<OperationResult> {
  return telling('read', shown, async () => {
    const content = await contentOf(deps, pathOf(deps, shown), signal);
    const image = imageTypeOf(content.subarray(0, 16));
    if (image !== undefined && range === undefined) {
      if (content.length > IMAGE_BYTES) throw new FileProblem(`the image has ${content.length} bytes`);
      const text = `image ${shown} (${image}, ${content.length} bytes)`;
      return { ...done(text), image: { mediaType: image, base64: content.toString('base64') } };
    }
    if (content.subarray(0, 8_192).includes(0)) throw new FileProblem('it is a binary file; use bash');
    if (range === undefined) {
      if (content.length > SHOWN_BYTES) {
        throw new FileProblem(
          `it has ${content.length} bytes, over the limit of ${SHOWN_BYTES}; read a part of it with view_range`,
        );
      }
      return shownText(decode(content), deps.outputCharacters);
    }
    const lines = decode(content).split(/(?<=\n)/);
    const [first, last] = [Math.max(1, range[0]), range[1] <= 0 ? lines.length : range[1]];
    if (last < first) throw new FileProblem('view_range ends before it starts');
    if (first > lines.length && first > 1) {
      throw new FileProblem(`it has ${lines.length} lines, view_range starts at ${first}`);
    }
    return shownText(lines.slice(first - 1, last).join(''), deps.outputCharacters);
  });
}

export function writeFile(
  deps: AioOperationDeps,
  { path: shown, content }: Of<'write'>,
): Promise<OperationResult> {
  return telling('write', shown, async () => {
    const bytes = await putFile(deps, pathOf(deps, shown), content);
    return done(`wrote ${bytes} bytes to ${shown}`);
  });
}

export function editFile(
  deps: AioOperationDeps,
  { path: shown, oldText, newText, occurrences }: Of<'edit'>,
): Promise<OperationResult> {
  return telling('edit', shown, async () => {
    if (oldText === newText) throw new FileProblem('old_string and new_string are the same');
    const path = pathOf(deps, shown);
    const bytes = await contentOf(deps, path);
    const text = bytes.toString('utf8');
    if (!Buffer.from(text, 'utf8').equals(bytes)) throw new FileProblem('it is not UTF-8 text; use bash');
    const parts = text.split(oldText);
    const found = parts.length - 1;
    if (found === 0) throw new FileProblem('old_string does not occur in it');
    if (found > 1 && occurrences === 'one') {
      throw new FileProblem(
        `old_string occurs ${found} times; make it longer so that it is unique, or set replace_all`,
      );
    }
    const longer = text.length + found * (newText.length - oldText.length);
    if (longer > FILE_BYTES) throw new FileProblem(REASONS[27]);
    await putFile(deps, path, parts.join(newText));
    return done(`edited ${shown} (${found} replacement${found === 1 ? '' : 's'})`);
  });
}

export function globFiles(
  deps: AioOperationDeps,
  { pattern, path: shown = deps.workdir }: Of<'glob'>,
  signal: AbortSignal,
): Promise<OperationResult> {
  return telling('list', shown, async () => {
    if (pattern.startsWith('/') || pattern.split('/').includes('..')) {
      throw new FileProblem('the pattern must be relative, without ..; name the folder in path');
    }
    const path = pathOf(deps, shown);
    const body = {
      path,
      pattern,
      include_hidden: true,
      files_only: true,
      include_metadata: true,
      sort_by: 'modified',
      sort_desc: true,
      max_results: LISTED + 1,
    };
    const { files } = await deps.api.call('POST', '/v1/file/glob', globSchema, body, { signal });
    const newestFirst = files.toSorted((one, other) =>
      (other.modified_time ?? '').localeCompare(one.modified_time ?? ''),
    );
    if (files.length === 0) return done('no matches');
    const names = newestFirst.slice(0, LISTED).map((file) => relative(path, resolve(path, file.path)));
    const more = files.length > LISTED ? `\n[more than ${LISTED} files match; the newest are shown]` : '';
    return done(`${cutHead(names.join('\n'), deps.outputCharacters)}${more}`);
  });
}

export function grepFiles(
  deps: AioOperationDeps,
  { pattern, path: shown = deps.workdir }: Of<'grep'>,
  signal: AbortSignal,
): Promise<OperationResult> {
  return telling('search', shown, async () => {
    const body = { path: pathOf(deps, shown), pattern, max_results: MATCHES, max_file_size: '1G' };
    const found = await deps.api.call('POST', '/v1/file/grep', grepSchema, body, { signal });
    if (found.matches.length === 0) return done('no matches');
    const lines = found.matches.map(
      ({ file, line_number: line, line_content: text }) => `${file}:${line}:${text.replace(/\n$/, '')}`,
    );
    const more = found.truncated === true ? '\n[more matches; make the pattern or the path narrower]' : '';
    return done(`${cutHead(lines.join('\n'), deps.outputCharacters)}${more}`);
  });
}
