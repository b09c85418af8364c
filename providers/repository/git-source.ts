import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import type { EgressDecision } from '../network/egress-decision.ts';
import type { PublicHosts } from '../network/public-hosts.ts';
import { createSessionProxy } from '../sandbox/egress/session-proxy.ts';
import { gitFailure } from './git-failure.ts';
import {
  COMMIT_REF,
  type RepositoryFailure,
  type RepositoryRequest,
  type RepositorySource,
} from './repository-source.ts';
import { runGit, type GitEnd } from './run-git.ts';

/** The host in the API's URLs. */
const GITHUB = 'https://github.com';
/** git closes a connection over which less passes than this. */
const SLOWEST_BYTES_PER_SECOND = 1_000;
const SLOW_SECONDS = 60;
/** A folder that nobody has touched for so long after the longest fetch is of a process that died. */
const LEFT_MS = 3_600_000;

export interface GitSourceDeps {
  /** Where bundles are made; other users can pass through it when `user` is given. */
  folder: string;
  /** Whom git runs as, where the service is root; undefined: the service's own user. */
  user: { uid: number; gid: number } | undefined;
  /** What stands for `https://github.com`: itself, or a mirror that has the same paths. */
  origin: string;
  /** A repository whose pack is larger is refused. */
  maxBytes: number;
  /** Longest that one fetch takes. */
  timeoutMs: number;
  hosts: PublicHosts;
  /** All that git trusts, in PEM, in the place of the system's; null: what the system trusts. */
  authorities?: string | null;
  /** Called for each connection that the fetch of `url` asked for. */
  decided(url: string, decision: EgressDecision): void;
}

class FetchFailure extends Error {
  readonly failure: RepositoryFailure;
  constructor(failure: RepositoryFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

const failed = (kind: RepositoryFailure['kind'], message: string): never => {
  throw new FetchFailure({ kind, message });
};

/**
 * Fetches with git, on this host and outside of every sandbox. Nothing of the repository is checked out or run here. git reaches its
 * host through a proxy of the kind that sandboxes have: it dials that one host, at addresses that were checked.
 */
export function createGitSource(deps: GitSourceDeps): RepositorySource {
  const origin = new URL(deps.origin);

  /** Runs `work` with the port of a proxy that leads to the repositories' host only. */
  async function withProxy<Result>(url: string, work: (port: number) => Promise<Result>): Promise<Result> {
    const proxy = createSessionProxy({
      policy: { mode: 'limited', hosts: [origin.hostname] },
      hosts: deps.hosts,
      asker: url,
      decided: (decision) => deps.decided(url, decision),
    });
    await new Promise<void>((resolve, reject) => {
      proxy.once('error', reject);
      proxy.listen(0, '127.0.0.1', resolve);
    });
    try {
      return await work((proxy.address() as AddressInfo).port);
    } finally {
      proxy.close();
      proxy.closeAllConnections();
    }
  }

  function settingsOf(token: string | null, port: number, trusted: string | null): Record<string, string> {
    const credentials = Buffer.from(`x-access-token:${token ?? ''}`).toString('base64');
    return {
      'http.proxy': `http://127.0.0.1:${port}`,
      ...(trusted === null ? {} : { 'http.sslCAInfo': trusted }),
      'http.lowSpeedLimit': String(SLOWEST_BYTES_PER_SECOND),
      'http.lowSpeedTime': String(SLOW_SECONDS),
      'transfer.unpackLimit': '1',
      'core.hooksPath': '/dev/null',
      'gc.auto': '0',
      'maintenance.auto': 'false',
      ...(token === null
        ? {}
        : { [`http.${origin.origin}/.extraHeader`]: `Authorization: Basic ${credentials}` }),
    };
  }

  async function fetchInto(
    folder: string,
    request: RepositoryRequest,
    signal: AbortSignal,
  ): Promise<{ sha256: string; file: string }> {
    const { url, token, checkout } = request;
    const repository = join(folder, 'repository');
    const file = join(folder, 'bundle');
    const secrets = token === null ? [] : [token, Buffer.from(`x-access-token:${token}`).toString('base64')];
    const source = `${origin.origin}${origin.pathname.replace(/\/$/, '')}${url.slice(GITHUB.length)}`;
    const git = (
      words: readonly string[],
      settings: Record<string, string> = {},
      where = repository,
    ): Promise<GitEnd> =>
      runGit({ words, folder: where, settings, user: deps.user, fileBytes: deps.maxBytes }, signal);
    const need = (end: GitEnd): GitEnd => {
      if (end.code === 0) return end;
      if (end.code === 127) failed('clone', 'git is not installed on the host of the worker.');
      if (end.killedBy === 'SIGXFSZ' || /died of signal 25|File too large/i.test(end.words)) {
        failed('clone', `it is larger than ${deps.maxBytes} bytes.`);
      }
      throw new FetchFailure(gitFailure(end.words, secrets));
    };

    await withProxy(url, async (port) => {
      const { authorities = null } = deps;
      const trusted = authorities === null ? null : join(folder, 'authorities.pem');
      if (authorities !== null && trusted !== null) writeFileSync(trusted, authorities, { mode: 0o644 });
      const settings = settingsOf(token, port, trusted);
      need(await git(['clone', '--quiet', '--bare', '--', source, repository], settings, folder));
      if (checkout?.type !== 'commit') return;
      const { sha } = checkout;
      const isCommit = async (): Promise<boolean> =>
        (await git(['cat-file', '-e', `${sha}^{commit}`])).code === 0;
      if (!(await isCommit())) await git(['fetch', '--quiet', '--no-tags', 'origin', sha], settings);
      if (!(await isCommit())) failed('checkout', `it has no commit ${sha}.`);
      need(await git(['update-ref', COMMIT_REF, sha]));
    });
    if (checkout?.type === 'branch') {
      const found = await git(['rev-parse', '--verify', '--quiet', `refs/heads/${checkout.name}`]);
      if (found.code !== 0) failed('checkout', `it has no branch ${checkout.name}.`);
    }
    const { output } = await git(['for-each-ref', '--count=1', '--format=%(refname)']);
    if (output.trim() === '') failed('clone', 'it is empty: there is no commit in it.');
    const { code: headCode } = await git(['rev-parse', '--verify', '--quiet', 'HEAD']);
    need(await git(['bundle', 'create', '--quiet', file, ...(headCode === 0 ? ['HEAD'] : []), '--all']));
    rmSync(repository, { recursive: true, force: true });
    const hash = createHash('sha256');
    await pipeline(createReadStream(file), hash, { signal });
    return { sha256: hash.digest('hex'), file };
  }

  function removeLeft(): void {
    for (const name of readdirSync(deps.folder)) {
      const folder = join(deps.folder, name);
      const changedAt = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
      if (Date.now() - changedAt > deps.timeoutMs + LEFT_MS) rmSync(folder, { recursive: true, force: true });
    }
  }

  return {
    async fetch(request, signal) {
      signal.throwIfAborted();
      mkdirSync(deps.folder, { recursive: true, mode: 0o711 });
      removeLeft();
      const folder = mkdtempSync(join(deps.folder, 'fetch-'));
      if (deps.user !== undefined) chownSync(folder, deps.user.uid, deps.user.gid);
      chmodSync(folder, 0o700);
      const release = (): void => rmSync(folder, { recursive: true, force: true });
      const late = AbortSignal.timeout(deps.timeoutMs);
      try {
        const { sha256, file } = await fetchInto(folder, request, AbortSignal.any([signal, late]));
        const open = (): Promise<ReturnType<typeof createReadStream>> =>
          Promise.resolve(createReadStream(file));
        return { state: 'fetched', repository: { sha256, open, release } };
      } catch (error) {
        release();
        signal.throwIfAborted();
        if (error instanceof FetchFailure) return { state: 'failed', failure: error.failure };
        const message = late.aborted
          ? `it took longer than ${deps.timeoutMs / 1_000} s.`
          : `git cannot be run: ${error instanceof Error ? error.message : String(error)}`;
        return { state: 'failed', failure: { kind: 'clone', message } };
      }
    },
  };
}
