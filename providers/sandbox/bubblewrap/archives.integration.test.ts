import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { extract, pack, type Header } from 'tar-stream';
import { afterAll, describe, expect, it } from 'vitest';

import { isAppError } from '../../../core/errors.ts';
import type { Sandbox } from '../sandbox.ts';
import { createSandboxLab } from '../testing/sandbox-lab.ts';

const PLENTY = { bytes: 1_000_000_000, files: 100_000 };

describe('archives of a real sandbox', () => {
  const lab = createSandboxLab();
  afterAll(() => lab.close());

  async function save(
    sandbox: Sandbox,
    since: string | null = null,
  ): Promise<{ mark: string; content: Buffer }> {
    const saved = await sandbox.archive?.save(since, PLENTY);
    if (saved == null) throw new Error('nothing was saved');
    return { mark: saved.mark, content: await buffer(saved.content) };
  }
  function restore(sandbox: Sandbox, archives: Buffer[], limits = PLENTY): Promise<void> {
    const parts = archives.map((archive) => () => Promise.resolve(Readable.from([archive])));
    const restored = sandbox.archive?.restore(parts, { mark: 'mark', attached: {} }, limits);
    return restored ?? Promise.reject(new Error('this driver saves nothing'));
  }
  async function entriesOf(archive: Buffer): Promise<string[]> {
    const names: string[] = [];
    const parser = extract();
    parser.end(zstdDecompressSync(archive));
    for await (const entry of parser) {
      names.push(entry.header.name);
      entry.resume();
    }
    return names;
  }
  async function forged(entries: (Partial<Header> & { name: string })[]): Promise<Buffer> {
    const packed = pack();
    for (const entry of entries) {
      const content = entry.type === undefined || entry.type === 'file' ? 'forged' : '';
      packed.entry(entry, content);
    }
    packed.finalize();
    const parts: Buffer[] = [];
    for await (const part of packed) parts.push(part as Buffer);
    return zstdCompressSync(Buffer.concat(parts));
  }

  it('hold links as links, modes and times, and nothing that is no file, folder or link', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(
      sandbox,
      `mkdir -p deep/er && echo text > deep/er/file && chmod 750 deep/er/file && touch -d 2020-01-02T03:04:05.678 deep/er/file
       ln -s /etc/passwd outside && ln -s ../../.. up && ln deep/er/file hard && mkfifo pipe && echo x > closed && chmod 000 closed
       printf 'odd' > "$(printf 'new\\nline \\377')" && mkdir -p ~/.cache ~/.config && echo c > ~/.cache/c && echo d > ~/.config/d
       python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'`,
    );
    const { content } = await save(sandbox);
    const names = await entriesOf(content);
    for (const name of ['pipe', 'sock', 'closed']) expect(names).not.toContain(`workspace/${name}`);
    expect(names.filter((name) => name.startsWith('home/'))).toEqual(['home/.config/', 'home/.config/d']);
    const other = lab.sandbox();
    await restore(other, [content]);
    const shown = await lab.bash(
      other,
      `stat -c '%a %y' deep/er/file; readlink outside up; [ hard -ef deep/er/file ] && echo same; cat "$(printf 'new\\nline \\377')"; stat -c %U:%a . hard | head -1`,
    );
    expect(shown.text).toContain('750 2020-01-02 03:04:05.678000000');
    expect(shown.text).toContain('/etc/passwd\n../../..\nsame\nodd');
  });

  it('of changes replace folders by files and files by folders, and remove what is gone', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(
      sandbox,
      'mkdir -p a/b && echo 1 > a/b/c && echo 2 > file && ln -s a link && echo 3 > "gone here"',
    );
    const first = await save(sandbox);
    await lab.bash(
      sandbox,
      'rm -rf a link file "gone here" && echo 4 > a && mkdir file link && echo 5 > file/x && echo 6 > link/y',
    );
    const second = await save(sandbox, first.mark);
    expect(await entriesOf(second.content)).toContain('removed');
    const other = lab.sandbox();
    await restore(other, [first.content, second.content]);
    const shown = await lab.bash(other, 'find . -mindepth 1 | sort; cat a file/x link/y');
    expect(shown.text).toBe('./a\n./file\n./file/x\n./link\n./link/y\n4\n5\n6\n');
  });

  it('remember which attached files lie among the agent’s own, which are not placed again over its changes', async () => {
    const sandbox = lab.sandbox();
    const file = (path: string, sha256: string) => ({
      path,
      sha256,
      open: async () => Readable.from(['attached']),
    });
    const files = [file('/workspace/data.txt', 'one'), file('/uploads/other.txt', 'two')];
    await sandbox.files.attach(files);
    await lab.bash(sandbox, 'chmod 644 data.txt && echo changed > data.txt');
    const saved = await sandbox.archive?.save(null, PLENTY);
    if (saved == null) throw new Error('nothing was saved');
    const content = await buffer(saved.content);
    const other = lab.sandbox();
    const { mark, attached } = saved;
    await other.archive?.restore([async () => Readable.from([content])], { mark, attached }, PLENTY);
    await other.files.attach(files);
    expect((await lab.bash(other, 'cat data.txt /uploads/other.txt')).text).toBe('changed\nattached');
    await other.files.attach([]);
    expect((await lab.bash(other, 'ls . /uploads')).text).toBe('.:\n\n/uploads:\n');
  });

  it('leave out what lies too deep to be named, and are put back without it once it is gone', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(
      sandbox,
      `python3 -c '
import os
open("kept", "w").write("kept")
for _ in range(25):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
open("deep", "w").write("deep")
'`,
    );
    const first = await save(sandbox);
    await lab.bash(sandbox, `rm -rf ${'d'.repeat(200)} && echo more > more`);
    const second = await save(sandbox, first.mark);
    const other = lab.sandbox();
    await restore(other, [first.content, second.content]);
    expect((await lab.bash(other, 'find . -type f | sort; cat kept more')).text).toBe(
      './kept\n./more\nkeptmore\n',
    );
  });

  it('are saved while commands run, which go on', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'for i in $(seq 2000); do echo $i > f$i; done');
    const running = lab.bash(
      sandbox,
      'while [ ! -e stop ]; do rm -f f1 && echo again > f1 && rm -f f2; echo 2 > f2; done; echo ran',
    );
    const archives = [];
    for (let round = 0; round < 5; round++) archives.push(await save(sandbox));
    await lab.bash(sandbox, 'touch stop');
    expect((await running).text).toBe('ran\n');
    const other = lab.sandbox();
    await restore(other, [archives.at(-1)?.content ?? Buffer.alloc(0)]);
    const count = await lab.bash(other, 'ls | grep -c ^f');
    expect(Number(count.text)).toBeGreaterThanOrEqual(1_998);
  });

  it.each<[string, (Partial<Header> & { name: string })[]]>([
    ['climb out', [{ name: 'workspace/../../run/sandboxd/calls/x' }]],
    ['are absolute', [{ name: '/workspace/x' }]],
    ['lie beside the kept folders', [{ name: 'other/x' }]],
    ["are sandboxd's own", [{ name: 'shell/other' }]],
    ['are devices', [{ name: 'workspace/dev', type: 'character-device', devmajor: 1, devminor: 5 }]],
    ['are pipes', [{ name: 'workspace/pipe', type: 'fifo' }]],
    [
      'are second names of what lies outside',
      [{ name: 'workspace/l', type: 'link', linkname: '../run/claims/x' }],
    ],
    [
      'go through a link that leads out',
      [{ name: 'workspace/l', type: 'symlink', linkname: '/run/sandboxd' }, { name: 'workspace/l/x' }],
    ],
  ])('with entries that %s are refused', async (_what, entries) => {
    const sandbox = lab.sandbox();
    await expect(restore(sandbox, [await forged(entries)])).rejects.toSatisfy(
      (error) => isAppError(error) && error.code === 'invalid_request',
    );
  });

  it('that unpack to more than the limit are refused', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024));
    await expect(restore(lab.sandbox(), [bomb], { bytes: 1_000_000, files: 10 })).rejects.toThrow(
      /unpacks to more/,
    );
  });
});
