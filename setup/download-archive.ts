import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { TEMPORAL_RELEASE, temporalPlatform } from '../providers/temporal-server/release.ts';
import { checkBinary } from './check-binary.ts';
import { runCommand } from './run-command.ts';
import type { Say } from './step.ts';

const FIRST_ANSWER_MS = 5_000;
const SILENCE_MS = 15_000;

/** Fetches the release's archive from Temporal's own site. A site that cannot be reached costs a few seconds at most. */
export async function downloadArchive(folder: string, _host: unknown, say: Say): Promise<string> {
  const platform = temporalPlatform();
  if (platform === null) throw new Error(`there is none for ${process.platform} on ${process.arch}`);
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const query = new URLSearchParams({ platform: process.platform, arch, format: 'tar.gz' });
  const url = `https://temporal.download/cli/archive/v${TEMPORAL_RELEASE.version}?${query.toString()}`;
  const archive = path.join(folder, 'temporal.tar.gz');
  await download(url, archive, say);
  await runCommand('tar', ['-xzf', archive, '-C', folder, 'temporal']);
  const program = path.join(folder, 'temporal');
  await checkBinary(program, TEMPORAL_RELEASE.binaries[platform]);
  return program;
}

/** Fetches a URL into a file, telling how far it is. Gives up when no answer comes, or none goes on, in time. */
export async function download(url: string, file: string, say: Say): Promise<void> {
  const controller = new AbortController();
  let timer = setTimeout(() => controller.abort(new Error('no answer in time')), FIRST_ANSWER_MS);
  try {
    const response = await fetch(url, { signal: controller.signal }).catch((error: unknown) => {
      throw new Error(`it cannot be reached (${reasonOf(error)})`);
    });
    if (!response.ok || response.body === null) throw new Error(`it answers ${response.status}`);
    const total = Number(response.headers.get('content-length') ?? 0);
    let received = 0;
    let told = 0;
    const progress = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        clearTimeout(timer);
        timer = setTimeout(() => controller.abort(new Error('the download stands still')), SILENCE_MS);
        received += chunk.length;
        const tenths = total === 0 ? 0 : Math.floor((10 * received) / total);
        if (tenths > told) say(`  ${tenths * 10} % of ${Math.round(total / 1e6)} MB`);
        told = tenths;
        done(null, chunk);
      },
    });
    const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
    await pipeline(body, progress, createWriteStream(file), { signal: controller.signal });
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
