import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Without a descriptor left, `start` is called; what it rejects with is printed, and that the process went on. */
const program = (module: string, start: string) => `
  const { openSync, closeSync } = await import('node:fs');
  const tried = await import(${JSON.stringify(path.join(root, module))});
  // What is loaded at the first use only needs descriptors of its own.
  await import('node:child_process');
  const held = [];
  try { for (;;) held.push(openSync('/dev/null', 'r')); } catch {}
  for (const descriptor of held.splice(0, 3)) closeSync(descriptor);
  const started = (async () => ${start})().then(() => 'started', (error) => error.message);
  const keep = setTimeout(() => undefined, 60_000);
  const outcome = await started;
  await new Promise((resolve) => setImmediate(resolve));
  for (const descriptor of held) closeSync(descriptor);
  clearTimeout(keep);
  console.log(outcome);
`;

it.each([
  [
    'the lock of a host',
    'providers/sandbox/host-lock.ts',
    `tried.withHostLock('/tmp/nothing.lock', async () => 1)`,
  ],
  [
    'git',
    'providers/repository/run-git.ts',
    `tried.runGit({ folder: '/tmp', words: ['version'], fileBytes: 1e6, settings: {} }, new AbortController().signal)`,
  ],
])('a process without file descriptors lives on, and says so, when it starts %s', (_, module, start) => {
  const words = [
    '-c',
    'ulimit -n 40; exec "$@"',
    'sh',
    process.execPath,
    '--disable-warning=ExperimentalWarning',
  ];
  const said = execFileSync('/bin/sh', [...words, '--input-type=module', '-e', program(module, start)], {
    encoding: 'utf8',
    cwd: root,
  });
  expect(said).toContain('too many files are open');
});
