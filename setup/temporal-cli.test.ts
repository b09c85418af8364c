import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readHostEnvironment } from '../config.ts';
import { checkBinary } from './check-binary.ts';
import { download } from './download-archive.ts';
import { temporalCli } from './temporal-cli.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'temporal-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function serving<T>(listener: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  try {
    return await use(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('a download', () => {
  it('ends in a file, telling how far it is', async () => {
    const body = Buffer.alloc(1_000_000, 7);
    const file = path.join(folder, 'whole');
    const said: string[] = [];
    await serving(
      (_, response) => response.writeHead(200, { 'content-length': body.length }).end(body),
      (url) => download(url, file, (line) => said.push(line)),
    );
    expect(readFileSync(file)).toEqual(body);
    expect(said.at(-1)).toMatch(/100 % of 1 MB/);
  });

  it('fails with the answer when the file is not there, or with the reason when nobody answers', async () => {
    const file = path.join(folder, 'none');
    const missing = serving(
      (_, response) => response.writeHead(404).end(),
      (url) => download(url, file, () => {}),
    );
    await expect(missing).rejects.toThrow('it answers 404');
    await expect(download('http://127.0.0.1:1/', file, () => {})).rejects.toThrow(/cannot be reached/);
  });

  it('that breaks off is a failure', async () => {
    const broken = serving(
      (_, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('x');
        setImmediate(() => response.destroy());
      },
      (url) => download(url, path.join(folder, 'half'), () => {}),
    );
    await expect(broken).rejects.toThrow();
  });
});

describe('a fetched program', () => {
  it('is used only when it is the one that the repository names', async () => {
    const file = path.join(folder, 'program');
    writeFileSync(file, 'abc', { mode: 0o600 });
    await expect(checkBinary(file, '0'.repeat(64))).rejects.toThrow(/it is not used/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await checkBinary(file, createHash('sha256').update('abc').digest('hex'));
    expect(statSync(file).mode & 0o777).toBe(0o755);
  });
});

describe('the Temporal CLI', () => {
  it('that is on PATH already is left as it is', async () => {
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(
      path.join(bin, 'temporal'),
      '#!/bin/sh\necho "temporal version 1.2.0 (Server 1.22.0, UI 2.2.0)"\n',
    );
    chmodSync(path.join(bin, 'temporal'), 0o755);
    const cacheDir = path.join(folder, 'cache');
    const host = { ...readHostEnvironment({}), searchPath: bin, cacheDir };
    expect(await temporalCli(host).run(() => {})).toMatch(/1\.2\.0 \(server 1\.22\.0\) is there already/);
    expect(existsSync(cacheDir)).toBe(false);
  });
});
