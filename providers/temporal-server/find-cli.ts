import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../core/errors.ts';
import { CACHED_CLI_PATHS } from './release.ts';

const run = promisify(execFile);

/** A Temporal CLI on this machine; it contains the server. */
export interface TemporalCli {
  path: string;
  /** Who named it. */
  source: 'TEMPORAL_CLI' | 'PATH' | 'cache';
  /** Version of the CLI, such as `1.9.1`. */
  version: string;
  /** Version of the server in it, such as `1.32.0`; database files are bound to it. */
  serverVersion: string;
}

/** Where to look. */
export interface CliPlaces {
  /** Value of TEMPORAL_CLI. */
  temporalCli: string | null;
  /** Value of PATH. */
  searchPath: string;
  /** The user's cache folder, filled by set-up. */
  cacheDir: string;
}

/**
 * The Temporal CLI to run: the one TEMPORAL_CLI names, else `temporal` on PATH, else the one that set-up left in the cache folder.
 * A program called `temporal` that is none is passed over, except when TEMPORAL_CLI names it. Throws `bad_config` when there is none.
 */
export async function findTemporalCli(places: CliPlaces): Promise<TemporalCli> {
  if (places.temporalCli !== null) {
    const named = await inspect(places.temporalCli, 'TEMPORAL_CLI');
    if (named) return named;
    throw new AppError(
      'bad_config',
      `TEMPORAL_CLI names ${places.temporalCli}, which is no Temporal CLI that runs here. Correct or unset it.`,
    );
  }
  const candidates: [string, TemporalCli['source']][] = [
    ...places.searchPath
      .split(path.delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => [path.join(folder, 'temporal'), 'PATH'] as [string, 'PATH']),
    ...CACHED_CLI_PATHS.map((name) => [path.join(places.cacheDir, name), 'cache'] as [string, 'cache']),
  ];
  for (const [file, source] of candidates) {
    const found = existsSync(file) ? await inspect(file, source) : null;
    if (found) return found;
  }
  throw new AppError(
    'bad_config',
    'There is no Temporal CLI: TEMPORAL_CLI is not set, PATH has no temporal, and the cache folder ' +
      `${places.cacheDir} holds none. Run npm run setup, or set temporal.address to a Temporal server of yours.`,
  );
}

/** What a program says about itself; null when it is no Temporal CLI or does not run. */
async function inspect(file: string, source: TemporalCli['source']): Promise<TemporalCli | null> {
  try {
    const { stdout } = await run(file, ['--version'], { timeout: 10_000 });
    const match = /^temporal version (\S+) \(Server ([^,)]+)/.exec(stdout);
    return match?.[1] && match[2] ? { path: file, source, version: match[1], serverVersion: match[2] } : null;
  } catch {
    return null;
  }
}
