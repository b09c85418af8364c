import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPublicHosts } from '../../providers/network/public-hosts.ts';
import { createGitSource } from '../../providers/repository/git-source.ts';
import type { RepositorySource } from '../../providers/repository/repository-source.ts';
import { createSandboxLab, type SandboxLab } from '../../providers/sandbox/testing/sandbox-lab.ts';
import type { Checkout, StoredRepository } from '../../providers/store/sessions.ts';
import { createRepositoryPlacer } from '../../tools/place-repositories.ts';
import { createSkillReader } from '../../providers/skill-archive/skill-reader.ts';
import { testDecoder } from '../harness/test-decoder.ts';
import { createRepositorySkills } from '../../tools/repository-skills.ts';
import { createToolRegistry } from '../../tools/registry.ts';
import { createSandboxToolRunner } from '../../tools/sandbox-tool-runner.ts';
import type { ToolCall, ToolResult, ToolRunner } from '../../tools/tool-runner.ts';
import { startGitServer, type GitServer } from '../harness/git-server.ts';

const TOKEN = 'ghp_a-secret-token';
const isRoot = process.getuid?.() === 0;

let git: GitServer;
let lab: SandboxLab;
const decoder = testDecoder();
let scratch: string;
let hello: ReturnType<GitServer['makeRepository']>;
beforeAll(async () => {
  git = await startGitServer();
  hello = git.makeRepository('private/hello');
  lab = createSandboxLab();
  scratch = mkdtempSync(path.join(tmpdir(), 'repositories-'));
  execFileSync('chmod', ['755', scratch]);
});
afterAll(async () => {
  await lab.close();
  await decoder.close();
  await git.close();
  rmSync(scratch, { recursive: true, force: true });
});
afterEach(() => git.tokens.clear());

let sessions = 0;
/** A session with repositories, and a worker that runs its commands. */
function session(
  repositories: { checkout?: Checkout; mountPath?: string; name?: string; token?: string | null }[],
) {
  const sessionId = `sesn_${process.pid}_${++sessions}`;
  const rows = repositories.map(
    ({ checkout = null, mountPath = '/workspace/hello', name = 'private/hello', token = TOKEN }, index) => ({
      id: `sesrsc_${process.pid}_${sessions}_${index}`,
      ordinal: index,
      url: `https://github.com/${name}`,
      checkout,
      mountPath,
      token,
      createdAt: 0,
      updatedAt: 0,
    }),
  );
  const fetches: string[] = [];
  let calls = 0;
  const worker = (): ToolRunner => {
    const source: RepositorySource = createGitSource({
      folder: path.join(scratch, 'fetched'),
      user: isRoot ? { uid: 1_899_999_999, gid: 1_899_999_999 } : undefined,
      origin: git.origin,
      maxBytes: 50_000_000,
      timeoutMs: 60_000,
      hosts: createPublicHosts({ privateNetworks: ['127.0.0.0/8'] }),
      decided: () => undefined,
    });
    return createSandboxToolRunner({
      host: { problem: async () => undefined },
      driver: lab.driver,
      registry: createToolRegistry({ defaultMs: 60_000, maximumMs: 60_000 }, []),
      attachmentsOf: () => Promise.resolve([]),
      toolsOf: () => Promise.resolve([]),
      onCallEnded: () => undefined,
      repositories: createRepositoryPlacer({
        source: {
          fetch(request, signal) {
            fetches.push(request.url);
            return source.fetch(request, signal);
          },
        },
        repositoriesOf: () => Promise.resolve<(StoredRepository & { token: string | null })[]>(rows),
      }),
      repositorySkills: createRepositorySkills({
        skillReader: createSkillReader(decoder),
        repositoriesOf: () => Promise.resolve(rows),
      }),
    });
  };
  let runner = worker();
  const never = new AbortController().signal;
  const callOf = (command: string): ToolCall => ({
    workspaceId: 'default',
    sessionId,
    environmentId: 'env_x',
    toolUseId: `sevt_${process.pid}_${sessions}_${++calls}`,
    name: 'bash',
    input: { command },
  });
  const bash = (command: string, signal = never): Promise<ToolResult> =>
    runner.run(callOf(command), 'start', signal);
  return {
    callOf,
    run: (call: ToolCall, mode: 'start' | 'resume') => runner.run(call, mode, never),
    sessionId,
    rows,
    fetches,
    bash,
    text: async (command: string) =>
      (await bash(command)).content.map((block) => (block.type === 'text' ? block.text : '')).join('\n'),
    restartWorker() {
      runner = worker();
    },
  };
}

describe('a repository of a session', () => {
  it('lies in its folder before the first command runs, with its history, its remote and no token', async () => {
    git.tokens.add(TOKEN);
    const { text, fetches, sessionId } = session([{}]);
    expect(await text('cd hello && git rev-parse HEAD && cat README.md && git status --short')).toBe(
      `${hello.main}\n# Hello`,
    );
    expect(await text('git remote get-url origin && git branch -a --format="%(refname)"')).toBe(
      'https://github.com/private/hello\nrefs/heads/main\nrefs/remotes/origin/HEAD\nrefs/remotes/origin/feature/one\nrefs/remotes/origin/main',
    );
    // Written in two parts, so that the search does not find itself.
    const [half, rest] = [TOKEN.slice(4, 12), TOKEN.slice(12)];
    expect(
      await text(
        `grep -rIl "${half}""${rest}" /workspace ~ /tmp /mnt /run /proc/*/environ /proc/*/cmdline 2>/dev/null; true`,
      ),
    ).toBe('(no output)');
    expect(await text('ls -A /mnt/session/uploads/.repositories')).toBe('(no output)');
    expect(fetches).toHaveLength(1);
    expect((await lab.driver.list()).some((row) => row.sessionId === sessionId)).toBe(true);
  });
  it('is at the branch or the commit that was asked for, in the folder that was asked for', async () => {
    git.tokens.add(TOKEN);
    const { text } = session([
      { checkout: { type: 'branch', name: 'feature/one' }, mountPath: '/workspace/deep/branch' },
      { checkout: { type: 'commit', sha: hello.loose }, mountPath: '/workspace/commit' },
    ]);
    expect(await text('cd /workspace/deep/branch && git status -sb && git rev-parse HEAD')).toBe(
      `## feature/one...origin/feature/one\n${hello.feature}`,
    );
    expect(await text('cd /workspace/commit && git rev-parse HEAD && cat loose.txt')).toBe(
      `${hello.loose}\nloose`,
    );
  });
  it('is fetched once for commands at the same time, and not again by another worker', async () => {
    git.tokens.add(TOKEN);
    const one = session([{}]);
    const texts = await Promise.all(Array.from({ length: 5 }, () => one.text('cat hello/README.md')));
    expect(new Set(texts)).toEqual(new Set(['# Hello']));
    await one.text('echo mine > hello/README.md; mv hello moved');
    one.restartWorker();
    expect(await one.text('cat moved/README.md; ls')).toBe('mine\nmoved');
    expect(one.fetches).toHaveLength(1);
  });
  it('is fetched by the next worker when one dies while it fetches, and then the command runs, once', async () => {
    git.tokens.add(TOKEN);
    const { callOf, run, restartWorker, fetches, text } = session([{}]);
    const call = callOf('echo ran >> /workspace/count; ls /workspace; cat /workspace/count');
    const held = git.hold();
    const first = run(call, 'start');
    await held.reached;
    // Another worker takes the call over, while the first one only seemed to be dead.
    restartWorker();
    const second = run(call, 'resume');
    held.letGo();
    const isDone = { content: [{ type: 'text', text: 'count\nhello\nran' }], isError: false };
    expect(await second).toMatchObject(isDone);
    expect(await first).toMatchObject(isDone);
    restartWorker();
    expect(await run(call, 'resume')).toMatchObject(isDone);
    expect(await text('cat /workspace/count')).toBe('ran');
    expect(fetches.length).toBe(2);
  });
  it('that cannot be had is told once, to clients and the model, and comes with another token', async () => {
    git.tokens.add('ghp_the-next-token');
    const one = session([{}]);
    const first = await one.bash('ls -A');
    const message =
      'The repository https://github.com/private/hello is not at /workspace/hello: The host does not accept the token, or needs one.';
    expect(first).toEqual({
      content: [
        { type: 'text', text: `[${message}]` },
        { type: 'text', text: '(no output)' },
      ],
      isError: false,
      errors: [
        {
          type: 'repository_authentication_error',
          message,
          repository_url: 'https://github.com/private/hello',
          retry_status: { type: 'retrying' },
        },
      ],
    });
    expect((await one.bash('ls -A')).errors).toBeUndefined();
    for (const row of one.rows) Object.assign(row, { token: 'ghp_the-next-token', updatedAt: 1 });
    expect(await one.text('cat hello/README.md')).toBe('# Hello');
  });
  it('does not take the place of a folder that the agent made', async () => {
    git.tokens.add(TOKEN);
    const one = session([{ token: null }]);
    await one.text('mkdir hello && echo mine > hello/file');
    for (const row of one.rows) Object.assign(row, { token: TOKEN, updatedAt: 1 });
    const [error] = (await one.bash('cat hello/file')).errors ?? [];
    expect(error).toMatchObject({ type: 'repository_clone_error' });
    expect(await one.text('cat hello/file; ls -A')).toBe('mine\nhello');
  });
});

describe('the skills of a repository', () => {
  const skill = (name: string, extra = '') =>
    `---\nname: ${name}\ndescription: Does ${name}.\n${extra}---\nDo it.\n`;
  beforeAll(() => {
    git.makeRepository('open/skilled', {
      '.claude/skills/deploy/SKILL.md': skill('deploy'),
      '.claude/skills/deploy/scripts/go.sh': 'echo gone\n',
      '.claude/skills/release/SKILL.md': skill('release', 'disable-model-invocation: true\n'),
      '.claude/skills/broken/SKILL.md': 'no frontmatter\n',
    });
  });
  const place = { name: 'open/skilled', mountPath: '/workspace/skilled', token: null };
  const isNote = (text: string) => text.startsWith('[The attached repositories bring skills.');

  it('are told with the result of the first command, and never again', async () => {
    const { bash, text, restartWorker } = session([place]);
    const { content } = await bash('echo first');
    const [note, result] = content.map((block) => (block.type === 'text' ? block.text : ''));
    expect(isNote(note ?? '')).toBe(true);
    expect(note?.split('\n').slice(1)).toEqual([
      '- broken (/workspace/skilled/.claude/skills/broken/SKILL.md)',
      '- deploy: Does deploy. (/workspace/skilled/.claude/skills/deploy/SKILL.md)',
      '- release: Does release. Only when the user asks for it by its name. (/workspace/skilled/.claude/skills/release/SKILL.md)]',
    ]);
    expect(result).toBe('first');
    expect(await text('sh /workspace/skilled/.claude/skills/deploy/scripts/go.sh')).toBe('gone');
    restartWorker();
    expect(await text('echo later')).toBe('later');
  });

  it('are told once when the first commands run side by side', async () => {
    const { text } = session([place]);
    const told = await Promise.all(['a', 'b', 'c'].map(async (word) => text(`echo ${word}`)));
    expect(told.filter(isNote)).toHaveLength(1);
  });

  it('are told by the next command when the first was interrupted', async () => {
    const { bash, text, sessionId } = session([place]);
    const interrupt = new AbortController();
    const first = bash('touch /workspace/begun; sleep 60', interrupt.signal);
    first.catch(() => undefined);
    // Asked of the sandbox itself, so that no other command is the first.
    const sandbox = lab.driver.open({ workspaceId: 'default', sessionId, environmentId: 'env_x' });
    const command = 'until [ -e /workspace/begun ]; do sleep 0.1; done';
    await sandbox.call({ id: 'begun', operation: { type: 'bash', command, timeoutMs: 60_000 } }, 'start');
    interrupt.abort(new Error('interrupted'));
    await expect(first).rejects.toThrow('interrupted');
    expect(isNote(await text('echo second'))).toBe(true);
    expect(await text('echo third')).toBe('third');
  });

  it('are no news where there are none', async () => {
    git.makeRepository('open/plain');
    const { text } = session([{ name: 'open/plain', mountPath: '/workspace/plain', token: null }]);
    expect(await text('echo first')).toBe('first');
  });
});
