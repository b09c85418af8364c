import type { Config } from '../config.ts';
import { AppError } from '../core/errors.ts';
import { VENDORS } from '../core/models/connection.ts';
import { listSettings } from './setting-list.ts';

/** What a running process takes on without a restart: settings, and sections of them. */
const CHANGEABLE = [
  'api.trusted_proxies',
  'auth.keys',
  'rate_limits',
  'models',
  'default_model',
  'log.level',
  'blobs.s3_access_key_id',
  'blobs.s3_secret_access_key',
  'blobs.s3_secret_access_key_file',
  'sandbox.aio_api_key',
  'sandbox.aio_api_key_file',
];
/** Keys that the service shows to others; the names of their variables and their files too. */
const CHANGEABLE_KEYS = /^(providers\.[\w-]+|web_search|temporal)\.api_key(_env|_file)?$/;
/** Read at the start only, though their section is read anew. */
const FIXED = new Set(['rate_limits.anonymous_connections', 'rate_limits.running_sessions_per_workspace']);

type Tree = Record<string, unknown>;

/** What newly read settings change. */
export interface SettingChanges {
  /** Such as `rate_limits.reads_per_minute`: those that the process takes on. */
  taken: string[];
  /** Those that are other than at the start, and count after a restart. */
  waiting: string[];
}

/**
 * Follows the settings of a running process. Made when they were just read, before anything else writes into `config`. The returned
 * function takes those of `next` that may change into `config`, in place, and says which those are and which are left.
 *
 * It throws `bad_config`, and changes nothing, when what is taken does not go together with what stays.
 */
export function followSettings(config: Config): (next: Config) => SettingChanges {
  const listed = listSettings().map(({ path }) => path);
  const named = namedConnections(config);
  const paths = [...listed, ...named.flatMap((name) => settingsOf(config, name))];
  const changeable = paths.filter(isChangeable);
  const fixed = paths.filter((path) => !isChangeable(path));
  const atStart = new Map(fixed.map((path) => [path, textAt(config, path)]));

  return (next) => {
    const come = namedConnections(next).filter((name) => !named.includes(name));
    const taken = changeable.filter(
      (path) => at(next, path) !== undefined && textAt(config, path) !== textAt(next, path),
    );
    checkKeysCanChange(config, next);
    for (const path of taken) put(config, path, at(next, path));
    // These follow from others.
    config.usable_providers = next.usable_providers.filter((name) => Object.hasOwn(config.providers, name));
    const waiting = fixed.filter((path) => atStart.get(path) !== textAt(next, path));
    return {
      taken: taken.map(nameOf),
      waiting: [...waiting.map(nameOf), ...come.map((name) => `providers.${name}`)],
    };
  };
}

function namedConnections({ providers }: Config): string[] {
  return Object.keys(providers).filter((name) => !VENDORS.some((vendor) => vendor === name));
}

/** Of a connection that the operator named; its settings are in no list. */
function settingsOf({ providers }: Config, name: string): string[][] {
  return Object.keys(providers[name] ?? {}).map((setting) => ['providers', name, setting]);
}

function isChangeable(path: readonly string[]): boolean {
  const name = nameOf(path);
  if (FIXED.has(name)) return false;
  return (
    CHANGEABLE_KEYS.test(name) || CHANGEABLE.some((known) => name === known || name.startsWith(`${known}.`))
  );
}

/** Whether anybody needs a key decides what the process may listen on, and whom it believes. Parts that ask for none have none. */
function checkKeysCanChange(config: Config, next: Config): void {
  const [before, after] = [config.auth.keys.length, next.auth.keys.length];
  if ((before === 0) !== (after === 0)) {
    throw new AppError(
      'bad_config',
      `auth.keys: a running service cannot be ${after === 0 ? 'left without keys' : 'given its first key'}. Restart it for that.`,
    );
  }
}

function nameOf(path: readonly string[]): string {
  return path.join('.');
}

function at(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((node, name) => (node as Tree | undefined)?.[name], tree);
}

function textAt(tree: unknown, path: readonly string[]): string | undefined {
  return JSON.stringify(at(tree, path));
}

function put(tree: unknown, path: readonly string[], value: unknown): void {
  (at(tree, path.slice(0, -1)) as Tree)[path.at(-1) ?? ''] = value;
}
