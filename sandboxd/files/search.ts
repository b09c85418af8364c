import { spawn } from 'node:child_process';

import type { OperationResult } from '../../providers/sandbox/operation.ts';
import { cutHead, decode, trimPartialEnd } from '../clean-text.ts';
import { FileFailure } from './failure.ts';

const SEARCH_MS = 60_000;
const GLOB_RESULTS = 200;

export interface SearchRequest {
  /** The words before the program that switch to the agent's user. */
  prefix: readonly string[];
  environment: Record<string, string>;
  /** Absolute. */
  path: string;
  shownPath: string;
  pattern: string;
}

interface Finished {
  code: number | null;
  output: string;
  errors: string;
  ended: 'exit' | 'timeout' | 'full';
}

/** Runs a search as the agent, in the searched folder, until it ends, has said enough, or took too long. */
function run(
  request: SearchRequest,
  words: readonly string[],
  cwd: string,
  limit: number,
  signal: AbortSignal,
): Promise<Finished> {
  const [program = '/bin/sh', ...rest] = [...request.prefix, ...words];
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      cwd: '/',
      env: { ...request.environment, SEARCH_FOLDER: cwd },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const parts: Buffer[] = [];
    const errors: Buffer[] = [];
    let size = 0;
    let ended: Finished['ended'] = 'exit';
    const stop = (reason: Finished['ended']): void => {
      ended = reason;
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It is gone already.
      }
    };
    const timer = setTimeout(() => stop('timeout'), SEARCH_MS);
    const abort = (): void => stop('timeout');
    signal.addEventListener('abort', abort, { once: true });
    child.stdout.on('data', (chunk: Buffer) => {
      if (size >= limit) return;
      parts.push(chunk);
      size += chunk.length;
      if (size >= limit) stop('full');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (errors.length < 16) errors.push(chunk);
    });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('close', (code) => {
      settle();
      resolve({
        code,
        output: decode(trimPartialEnd(Buffer.concat(parts).subarray(0, limit))),
        errors: cutHead(decode(Buffer.concat(errors)), 2_000).trim(),
        ended,
      });
    });
  });
}

const SKIPPED = ['-g', '!**/.git/**', '-g', '!**/node_modules/**'];
const ENTER = 'cd -- "$SEARCH_FOLDER" || exit 97; ';

/** Regular expression search with ripgrep: `path:line:text`, like its own output without headings. */
export async function grepFiles(
  request: SearchRequest,
  limit: number,
  signal: AbortSignal,
): Promise<OperationResult> {
  const words = [
    'rg',
    '--no-config',
    '-n',
    '--no-heading',
    '--with-filename',
    '--color=never',
    '--hidden',
    '--max-columns=2000',
    '--max-columns-preview',
    ...SKIPPED,
    '-e',
    request.pattern,
    '--',
    request.path,
  ];
  const { code, output, errors, ended } = await run(request, words, '/', limit, signal);
  if (ended === 'timeout')
    throw new FileFailure(`grep took longer than ${SEARCH_MS / 1000} s; search in a smaller folder`);
  if (ended === 'full')
    return {
      text: `${cutHead(output, limit)}\n[more matches; make the pattern or the path narrower]`,
      isError: false,
    };
  if (code === 1 && output === '') return { text: 'no matches', isError: false };
  if (output === '' && code !== 0)
    throw new FileFailure(`grep failed: ${errors === '' ? `exit ${code}` : errors}`);
  return { text: cutHead(output.replace(/\n$/, ''), limit), isError: false };
}

/** Files below a folder by pattern, newest first. */
export async function globFiles(
  request: SearchRequest,
  limit: number,
  signal: AbortSignal,
): Promise<OperationResult> {
  const { pattern } = request;
  if (pattern.startsWith('/')) throw new FileFailure('the pattern must be relative; name the folder in path');
  if (pattern.split('/').includes('..'))
    throw new FileFailure('the pattern may not contain ..; name the folder in path');
  const list = `rg --no-config --files --null --hidden --no-ignore --no-messages -g "$1" -g '!**/.git/**' -g '!**/node_modules/**'`;
  const script = `${ENTER}${list} | xargs -0 -r stat --printf '%.9Y %n\\0' 2>/dev/null | LC_ALL=C sort -z -rn | head -z -n ${GLOB_RESULTS + 1} | tr '\\n\\0' '?\\n'`;
  const { output, errors, ended } = await run(
    request,
    ['/bin/sh', '-c', script, 'glob', `/${pattern.replace(/^(\.\/)+/, '')}`],
    request.path,
    limit * 4,
    signal,
  );
  if (ended === 'timeout')
    throw new FileFailure(`glob took longer than ${SEARCH_MS / 1000} s; search in a smaller folder`);
  if (errors !== '')
    throw new FileFailure(`cannot list ${request.shownPath}: ${errors.replace(/^glob: \d+: /, '')}`);
  const names = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(line.indexOf(' ') + 1));
  if (names.length === 0) return { text: 'no matches', isError: false };
  const shown = names.slice(0, GLOB_RESULTS).join('\n');
  const more =
    names.length > GLOB_RESULTS ? `\n[more than ${GLOB_RESULTS} files match; the newest are shown]` : '';
  return { text: `${cutHead(shown, limit)}${more}`, isError: false };
}
