import { AppError } from '../core/errors.ts';
import { isCloud, throughConnection } from '../core/models/connection.ts';
import { factProblems } from '../core/models/fact-problems.ts';
import { likeProblems } from '../core/models/like.ts';
import { isLoopback } from '../core/is-loopback.ts';
import type { Settings } from './schema.ts';

const LOOPBACK_HOSTS = new Set(['localhost', '::1', '[::1]', '0.0.0.0', '::', '[::]']);

/** The rules that span several settings. Throws `bad_config` with the first that is broken. */
export function checkSettings(settings: Settings): void {
  checkReach(settings);
  checkProvidersPointElsewhere(settings);
  checkKeys(settings);
  checkConnections(settings);
  checkModels(settings);
  checkContext(settings);
  if (settings.blobs.kind === 's3' && settings.blobs.s3_bucket === null) {
    refuse('blobs.s3_bucket: expected the name of a bucket, since blobs.kind is s3.');
  }
  checkAio(settings);
  if (settings.retention.idle_sandboxes_days !== null && settings.sandbox.checkpoint_bytes === 0) {
    refuse(
      'retention.idle_sandboxes_days: expected checkpoints, from which sandboxes come back, but sandbox.checkpoint_bytes is 0.',
    );
  }
  if (settings.store.direct_url !== null && settings.store.url === null) {
    refuse('store.direct_url: expected together with store.url, or neither.');
  }
  if (settings.web_search.provider === 'searxng' && settings.web_search.base_url === null) {
    refuse('web_search.base_url: expected the URL of the SearXNG server.');
  }
}

function checkContext({ context }: Settings): void {
  const { trim_to: to, trim_above: above, compact_above: compact, keep_recent: keep } = context;
  if (to >= above) refuse(`context.trim_to: expected less than context.trim_above (${above}), got ${to}.`);
  if (above > compact) {
    refuse(`context.trim_above: expected at most context.compact_above (${compact}), got ${above}.`);
  }
  if (keep > to) refuse(`context.keep_recent: expected at most context.trim_to (${to}), got ${keep}.`);
}

/** One container for all sessions would let each of them read what the others keep. */
function checkAio({ sandbox: { driver, aio_url: url, aio_pool: pool } }: Settings): void {
  if (driver !== 'aio') return;
  if ((url === null) === (pool.length === 0)) {
    refuse('sandbox.aio_url: expected it, or sandbox.aio_pool, since sandbox.driver is aio.');
  }
  if (url !== null && !url.includes('{session_id}')) {
    refuse(
      `sandbox.aio_url: expected {session_id} in it, since each session needs a container of its own, got "${url}".`,
    );
  }
}

/** What a setting says of clients from elsewhere, and in which words it is refused where none may come. */
export function beyondLoopback({ api }: Pick<Settings, 'api'>): { setting: string; value: string }[] {
  const found: { setting: string; value: string }[] = [];
  if (!isLoopback(api.host)) found.push({ setting: 'api.host', value: api.host });
  if (api.public_url !== null && !isLoopback(new URL(api.public_url).hostname)) {
    found.push({ setting: 'api.public_url', value: api.public_url });
  }
  if (api.trusted_proxies.length > 0) {
    found.push({ setting: 'api.trusted_proxies', value: api.trusted_proxies.join(', ') });
  }
  return found;
}

/**
 * Whoever reaches a service without keys may do everything. So none of its settings may say that somebody from elsewhere does: neither
 * the address that it listens on, nor the URL that it is known by, nor a proxy in front of it.
 */
function checkReach(
  settings: Pick<Settings, 'api' | 'sandbox'> & { auth: { keys: readonly unknown[] } },
): void {
  const [first] = beyondLoopback(settings);
  if (first === undefined) return;
  const { setting, value } = first;
  if (settings.auth.keys.length === 0) {
    refuse(
      `${setting}: without API keys the service is for this machine only, on loopback, got "${value}". Add auth.keys, or leave ${setting} out.`,
    );
  }
  if (settings.sandbox.driver === 'unsafe_local') {
    refuse(
      `${setting}: with sandbox.driver unsafe_local, which isolates nothing, the service is for this machine only, on loopback, got "${value}".`,
    );
  }
}

/**
 * A provider URL that leads back here would make each model call a request to ourselves. It happens when the variable that
 * points clients at this service is set on the service's own machine.
 */
function checkProvidersPointElsewhere(settings: Settings): void {
  const urls: [string, string | null | undefined][] = [
    ...Object.entries(settings.providers).map(
      ([name, provider]) => [`providers.${name}.base_url`, provider.base_url] as [string, string | null],
    ),
    ...settings.models.map(
      (model, index) => [`models.${index}.base_url`, model.base_url] as [string, string | undefined],
    ),
  ];
  for (const [path, url] of urls) {
    if (url && isOwnUrl(url, settings)) {
      refuse(`${path}: ${url} is this service itself; expected the URL of a model provider.`);
    }
  }
}

/** Whether a URL leads to the API that these settings describe. */
export function isOwnUrl(url: string, { api }: Pick<Settings, 'api'>): boolean {
  const target = new URL(url);
  if (api.public_url !== null && new URL(api.public_url).origin === target.origin) return true;
  const port = Number(target.port || (target.protocol === 'https:' ? 443 : 80));
  if (api.port === 0 || port !== api.port) return false;
  const toThisMachine = isLoopback(target.hostname) || LOOPBACK_HOSTS.has(target.hostname);
  return target.hostname === api.host || toThisMachine;
}

function checkKeys({ auth, encryption }: Settings): void {
  for (const [index, key] of auth.keys.entries()) {
    const given = [key.sha256, key.key_env, key.key_file].filter((value) => value !== undefined);
    if (given.length !== 1) {
      refuse(
        `auth.keys.${index}: expected exactly one of sha256, key_env and key_file, got ${given.length}.`,
      );
    }
  }
  checkUnique('auth.keys', auth.keys);
  for (const [index, key] of encryption.keys.entries()) {
    if ((key.key_env === undefined) === (key.key_file === undefined)) {
      refuse(`encryption.keys.${index}: expected exactly one of key_env and key_file.`);
    }
  }
  checkUnique('encryption.keys', encryption.keys);
}

/** Names stand before those of models, `<connection>/<model>`, and in metrics. */
function checkConnections({ providers }: Settings): void {
  for (const name of Object.keys(providers)) {
    if (name === 'demo')
      refuse('providers.demo: this name is the demo model’s; give the connection another one.');
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(name)) {
      refuse(
        `providers.${name}: expected a name of at most 63 letters, digits, - and _, of which the first is a letter or a digit.`,
      );
    }
  }
}

function checkModels({ models, providers }: Settings): void {
  checkUnique('models', models);
  for (const [index, model] of models.entries()) {
    if (model.provider !== 'demo' && !Object.hasOwn(providers, model.provider)) {
      const known = [...Object.keys(providers), 'demo'].join(', ');
      refuse(`models.${index}.provider: expected a connection, one of ${known}, got "${model.provider}".`);
    }
    const protocol = providers[model.provider]?.protocol;
    if (protocol !== undefined && isCloud(protocol)) checkCloudModel(`models.${index}`, model, protocol);
    if (model.fallback?.includes(model.id)) {
      refuse(`models.${index}.fallback: ${model.id} cannot stand in for itself.`);
    }
  }
  const stated = models.flatMap((model) => throughConnection(model, providers) ?? []);
  for (const { index, field, message } of [...likeProblems(stated), ...factProblems(stated)])
    refuse(`models.${index}.${field}: ${message}`);
}

/** Whom a cloud is asked as, and where, is the connection's to say: a token is never shown to the address of a single model. */
function checkCloudModel(
  place: string,
  { provider, ...model }: Settings['models'][number],
  protocol: string,
): void {
  for (const field of ['base_url', 'api_key', 'api_key_env', 'api_key_file'] as const) {
    if (model[field] !== undefined) {
      refuse(
        `${place}.${field}: expected none, since ${provider} leads to a cloud (${protocol}); make a connection of its own for it below providers.`,
      );
    }
  }
}

function checkUnique(path: string, entries: { id: string }[]): void {
  const seen = new Set<string>();
  for (const { id } of entries) {
    if (seen.has(id)) refuse(`${path}: the id "${id}" is there twice.`);
    seen.add(id);
  }
}

function refuse(message: string): never {
  throw new AppError('bad_config', message);
}
