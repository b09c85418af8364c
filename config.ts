import { existsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { checkSettings } from './config/checks.ts';
import type { Environment } from './config/environment.ts';
import { readSettings } from './config/read-settings.ts';
import { resolveSecrets, type Part, type ResolvedSettings } from './config/resolve-secrets.ts';
import { AppError } from './core/errors.ts';

export type { Environment } from './config/environment.ts';
export type { Part } from './config/resolve-secrets.ts';

/** What {@link loadConfig} gives: `data_dir` is absolute, secrets are read. */
export interface Config extends ResolvedSettings {
  /** The file that was read, absolute; null when there was none. */
  file: string | null;
}

/**
 * Reads the settings: defaults, then `file` (else `config.yaml` of the current folder if there is one), then environment variables
 * made from each setting's path. This file is the only reader of the process's environment.
 * Throws `AppError` `bad_config` for an unknown or ill-typed setting, with its path and what was expected.
 */
export function loadConfig(options: { file?: string; env?: Environment; part?: Part } = {}): Config {
  const environment = options.env ?? process.env;
  const file = options.file ?? (existsSync('config.yaml') ? 'config.yaml' : null);
  const settings = readSettings(file, environment);
  checkSettings(settings);
  const absolute = { ...settings, data_dir: path.resolve(settings.data_dir) };
  return {
    ...resolveSecrets(absolute, environment, options.part ?? 'worker'),
    file: file === null ? null : path.resolve(file),
  };
}

/** The value of `--config FILE` or `--config=FILE`, if it is given. Throws `bad_config` for any other argument. */
export function configFileOf(argv: string[] = process.argv.slice(2)): { file?: string } {
  let file: string | undefined;
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    if (argument.startsWith('--config=')) file = argument.slice('--config='.length);
    else if (argument === '--config') file = argv[(index += 1)];
    else throw new AppError('bad_config', `Unknown argument "${argument}"; expected --config FILE.`);
    if (!file) throw new AppError('bad_config', '--config: expected the path of a file after it.');
  }
  return file === undefined ? {} : { file };
}

/** What the machine's environment says about where things lie. */
export interface HostEnvironment {
  /** Folder of what `npm run setup` fetched; shared by all checkouts of one user. */
  cacheDir: string;
  /** The user's own folder for sockets, if the system has one. */
  runtimeDir: string | null;
  tempDir: string;
  /** Value of PATH. */
  searchPath: string;
  /** Value of TEMPORAL_CLI: a Temporal CLI that was chosen by hand. */
  temporalCli: string | null;
  /** All variables, to be passed on to child processes. */
  variables: Environment;
}

/** Reads what the environment says about the machine. */
export function readHostEnvironment(environment: Environment = process.env): HostEnvironment {
  const cacheHome = environment['XDG_CACHE_HOME'] || path.join(environment['HOME'] || homedir(), '.cache');
  return {
    cacheDir: path.join(cacheHome, 'managed-agent'),
    runtimeDir: environment['XDG_RUNTIME_DIR'] || null,
    tempDir: tmpdir(),
    searchPath: environment['PATH'] ?? '',
    temporalCli: environment['TEMPORAL_CLI'] || null,
    variables: environment,
  };
}
