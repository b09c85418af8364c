import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startGitServer, type GitServer } from '../../test/harness/git-server.ts';
import { createPublicHosts } from '../network/public-hosts.ts';
import type { EgressDecision } from '../network/egress-decision.ts';
import { createGitSource, type GitSourceDeps } from './git-source.ts';
import { COMMIT_REF, type RepositoryRequest } from './repository-source.ts';

const TOKEN = 'ghp_a-secret-token';
const isRoot = process.getuid?.() === 0;
const user = isRoot ? { uid: 1_899_999_999, gid: 1_899_999_999 } : undefined;

let server: GitServer;
let scratch: string;
const commits: Record<string, { main: string; feature: string; loose: string }> = {};
beforeAll(async () => {
  server = await startGitServer();
  for (const name of ['public/hello', 'private/hello', 'forbidden/hello'])
    commits[name] = server.makeRepository(name);
  scratch = mkdtempSync(join(tmpdir(), 'git-source-'));
  execFileSync('chmod', ['755', scratch]);
});
afterAll(async () => {
  await server.close();
  rmSync(scratch, { recursive: true, force: true });
});

const decisions: EgressDecision[] = [];
function source(options: Partial<GitSourceDeps> = {}) {
  return createGitSource({
    folder: join(scratch, 'fetched'),
    user,
    origin: server.origin,
    maxBytes: 50_000_000,
    timeoutMs: 30_000,
    hosts: createPublicHosts({ privateNetworks: ['127.0.0.0/8'] }),
    decided: (_url, decision) => decisions.push(decision),
    ...options,
  });
}
const ask = (name: string, rest: Partial<RepositoryRequest> = {}): RepositoryRequest => ({
  url: `https://github.com/${name}`,
  token: null,
  checkout: null,
  ...rest,
});
const never = new AbortController().signal;

it('removes what a process that died left of its fetch', async () => {
  const folder = join(scratch, 'left');
  const [left, current] = [join(folder, 'fetch-left'), join(folder, 'fetch-current')];
  for (const path of [left, current]) mkdirSync(join(path, 'repository'), { recursive: true });
  const before = new Date(Date.now() - 2 * 3_600_000);
  utimesSync(left, before, before);
  const result = await source({ folder }).fetch(ask('public/hello'), never);
  if (result.state === 'fetched') result.repository.release();
  expect(readdirSync(folder)).toEqual(['fetch-current']);
});

async function refsOf(request: RepositoryRequest): Promise<Record<string, string>> {
  const result = await source().fetch(request, never);
  if (result.state === 'failed') throw new Error(JSON.stringify(result.failure));
  const file = join(scratch, 'bundle');
  await pipeline(await result.repository.open(), createWriteStream(file));
  result.repository.release();
  const rows = execFileSync('git', ['bundle', 'list-heads', file], { encoding: 'utf8' }).trim().split('\n');
  return Object.fromEntries(
    rows.map((row) => {
      const [sha = '', name = ''] = row.split(' ');
      return [name, sha];
    }),
  );
}
async function failureOf(request: RepositoryRequest, options: Partial<GitSourceDeps> = {}) {
  const result = await source(options).fetch(request, never);
  if (result.state === 'fetched') throw new Error('it was fetched');
  return result.failure;
}

describe('a fetched repository', () => {
  it('holds every branch and tag, and the default branch as HEAD', async () => {
    const { main, feature } = commits['public/hello'] ?? {};
    expect(await refsOf(ask('public/hello'))).toEqual({
      HEAD: main,
      'refs/heads/main': main,
      'refs/heads/feature/one': feature,
      'refs/tags/v1': main,
    });
  });
  it('holds a commit that was asked for, also one that no branch has', async () => {
    const { loose, main } = commits['public/hello'] ?? { loose: '', main: '' };
    const checkout = (sha: string) => ({ checkout: { type: 'commit' as const, sha } });
    expect((await refsOf(ask('public/hello', checkout(main))))[COMMIT_REF]).toBe(main);
    expect((await refsOf(ask('public/hello', checkout(loose))))[COMMIT_REF]).toBe(loose);
  });
  it('that is private needs its token, and takes a new one when the old one ended', async () => {
    server.tokens.add(TOKEN);
    expect((await refsOf(ask('private/hello', { token: TOKEN }))).HEAD).toBe(commits['private/hello']?.main);
    server.tokens.delete(TOKEN);
    server.tokens.add('ghp_the-next-one');
    expect((await failureOf(ask('private/hello', { token: TOKEN }))).kind).toBe('authentication');
    await refsOf(ask('private/hello', { token: 'ghp_the-next-one' }));
  });
  it('leaves nothing behind', async () => {
    await refsOf(ask('public/hello'));
    await failureOf(ask('public/missing'));
    expect(readdirSync(join(scratch, 'fetched'))).toEqual([]);
  });
  it('came through a proxy that leads to its host only, at an address that was checked', async () => {
    decisions.length = 0;
    await refsOf(ask('public/hello'));
    expect(decisions.length).toBeGreaterThan(0);
    for (const decision of decisions)
      expect(decision).toMatchObject({ host: '127.0.0.1', decision: 'allowed', address: '127.0.0.1' });
    const hosts = createPublicHosts({ privateNetworks: [] });
    const failure = await failureOf(ask('public/hello'), { hosts });
    expect(failure.kind).toBe('forbidden');
  });
});

describe('a repository that cannot be had', () => {
  it.each([
    ['public/missing', null, 'not_found'],
    ['private/hello', null, 'authentication'],
    ['private/hello', 'ghp_wrong-token', 'authentication'],
    ['forbidden/hello', TOKEN, 'forbidden'],
  ])('%s with the token %s is a failure of kind %s', async (name, token, kind) => {
    server.tokens.add(TOKEN);
    const failure = await failureOf(ask(name, { token }));
    expect(failure.kind).toBe(kind);
    expect(failure.message).not.toContain(TOKEN);
  });
  it('is told by what it lacks', async () => {
    const branch = { type: 'branch' as const, name: 'absent' };
    const commit = { type: 'commit' as const, sha: '0'.repeat(40) };
    expect(await failureOf(ask('public/hello', { checkout: branch }))).toEqual({
      kind: 'checkout',
      message: 'it has no branch absent.',
    });
    expect((await failureOf(ask('public/hello', { checkout: commit }))).kind).toBe('checkout');
  });
  it('is told when it is too large, takes too long, or its host is gone', async () => {
    expect(await failureOf(ask('public/hello'), { maxBytes: 100 })).toEqual({
      kind: 'clone',
      message: 'it is larger than 100 bytes.',
    });
    expect(await failureOf(ask('public/hello'), { timeoutMs: 1 })).toEqual({
      kind: 'clone',
      message: 'it took longer than 0.001 s.',
    });
    const failure = await failureOf(ask('public/hello'), { origin: 'http://127.0.0.1:9' });
    expect(failure.kind).toBe('clone');
  });
  it('is given up when its session no longer waits', async () => {
    const abort = new AbortController();
    const fetching = source().fetch(ask('public/hello'), abort.signal);
    const reason = new Error('interrupted');
    abort.abort(reason);
    await expect(fetching).rejects.toBe(reason);
  });
});
