import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listen } from './listen.ts';

/** A real git server over HTTP: `git http-backend` behind a check of credentials. */
export interface GitServer {
  /** What stands for `https://github.com`. */
  origin: string;
  /** Makes `owner/name` with a commit on `main`, one on `feature/one`, and one that no branch has; `files` are in all of them. */
  makeRepository(
    name: string,
    files?: Record<string, string>,
  ): { main: string; feature: string; loose: string };
  /** Tokens that open private repositories (those whose owner is `private`); changed by tests. */
  tokens: Set<string>;
  /** The `authorization` header of each request. */
  readonly seen: (string | undefined)[];
  /** Leaves requests unanswered from now on, until they are let go. `reached`: one is waiting. */
  hold(): { reached: Promise<void>; letGo(): void };
  close(): Promise<void>;
}

function answer(request: IncomingMessage, response: ServerResponse, root: string): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://git');
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      ...(request.headers['content-encoding'] === undefined
        ? {}
        : { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] }),
      GIT_PROTOCOL: request.headers['git-protocol']?.toString() ?? '',
      GIT_CONFIG_COUNT: '2',
      GIT_CONFIG_KEY_0: 'uploadpack.allowAnySHA1InWant',
      GIT_CONFIG_VALUE_0: 'true',
      GIT_CONFIG_KEY_1: 'safe.directory',
      GIT_CONFIG_VALUE_1: '*',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  let head = Buffer.alloc(0);
  let isHeadSent = false;
  child.stdout.on('data', (chunk: Buffer) => {
    if (isHeadSent) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    isHeadSent = true;
    const lines = head.subarray(0, end).toString().split('\r\n');
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
    response.writeHead(
      Number.parseInt(status, 10),
      Object.fromEntries(headers.filter(([name]) => name !== 'Status')),
    );
    response.write(head.subarray(end + 4));
  });
  child.stdout.on('end', () => response.end());
}

export async function startGitServer(): Promise<GitServer> {
  const root = mkdtempSync(path.join(tmpdir(), 'git-server-'));
  const tokens = new Set<string>();
  const seen: (string | undefined)[] = [];
  let held: { reach(): void; over: Promise<void> } | null = null;
  const { url, close } = await listen((request, response) => {
    seen.push(request.headers.authorization);
    if (held === null) {
      serve(request, response);
      return;
    }
    held.reach();
    void held.over.then(() => serve(request, response));
  });
  function serve(request: IncomingMessage, response: ServerResponse): void {
    const owner = (request.url ?? '').split('/')[1];
    if (owner === 'private' || owner === 'forbidden') {
      const [, password] = Buffer.from((request.headers.authorization ?? '').slice('Basic '.length), 'base64')
        .toString()
        .split(':');
      if (password === undefined || !tokens.has(password)) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
        return;
      }
      if (owner === 'forbidden') {
        response.writeHead(403).end();
        return;
      }
    }
    answer(request, response, root);
  }
  return {
    origin: url,
    tokens,
    seen,
    hold() {
      const reached = Promise.withResolvers<void>();
      const over = Promise.withResolvers<void>();
      held = { reach: reached.resolve, over: over.promise };
      return {
        reached: reached.promise,
        letGo() {
          held = null;
          over.resolve();
        },
      };
    },
    makeRepository(name, files = {}) {
      const bare = path.join(root, name);
      const work = mkdtempSync(path.join(tmpdir(), 'git-work-'));
      const git = (...words: string[]): string =>
        execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.com', ...words], {
          cwd: work,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }).trim();
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(work, file)), { recursive: true });
        writeFileSync(path.join(work, file), text);
      }
      const commit = (file: string, text: string): string => {
        writeFileSync(path.join(work, file), text);
        git('add', '.');
        git('commit', '-m', file);
        return git('rev-parse', 'HEAD');
      };
      try {
        git('init', '-b', 'main');
        const main = commit('README.md', '# Hello\n');
        git('checkout', '-b', 'feature/one');
        const feature = commit('feature.txt', 'one\n');
        git('checkout', '-b', 'gone', 'main');
        const loose = commit('loose.txt', 'loose\n');
        git('tag', 'v1', 'main');
        mkdirSync(path.dirname(bare), { recursive: true });
        git('checkout', 'main');
        git('clone', '--bare', '.', bare);
        execFileSync('git', ['update-ref', '-d', 'refs/heads/gone'], { cwd: bare });
        return { main, feature, loose };
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
    },
    async close() {
      await close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
