import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { createRedactor } from '../providers/telemetry/redact.ts';
import { connectionsByName, connectionsIn } from './connection-list.ts';
import { overridesOf, type Environment, type Override } from './environment.ts';
import { Settings } from './schema.ts';
import { listSettings } from './setting-list.ts';

/**
 * The settings of a file with those of the environment laid over them. Throws `bad_config` naming every setting that is unknown or
 * ill-typed, what was expected, and whether the file or a variable gave it.
 */
export function readSettings(file: string | null, environment: Environment): Settings {
  const content = file === null ? {} : readFile(file);
  if ('providers' in content) content['providers'] = connectionsByName(content['providers']);
  const { connections, rest } = connectionsIn(environment);
  const named = variablesNamedIn([content, connections]);
  return parseSettings(content, [...connections, ...overridesOf(rest, listSettings(), named)], file);
}

function readFile(file: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = parseYaml(readFileSync(file, 'utf8'), { maxAliasCount: 100 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('bad_config', `${file} cannot be read: ${reason}`, { cause });
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new AppError('bad_config', `${file}: expected settings by name at the top level.`);
  }
  return { ...content };
}

/** Variables that the file names as holders of secrets; they may carry our prefix without being settings. */
function variablesNamedIn(value: unknown, names: Set<string> = new Set()): Set<string> {
  if (typeof value !== 'object' || value === null) return names;
  for (const [name, child] of Object.entries(value)) {
    if (typeof child === 'string' && /(^|_)key_env$/.test(name)) names.add(child);
    else variablesNamedIn(child, names);
  }
  return names;
}

function parseSettings(
  content: Record<string, unknown>,
  overrides: Override[],
  file: string | null,
): Settings {
  const merged = structuredClone(content);
  for (const { path: settingPath, value } of overrides) {
    let section = merged;
    for (const name of settingPath.slice(0, -1)) {
      const existing = section[name];
      const isSection = typeof existing === 'object' && existing !== null && !Array.isArray(existing);
      const child: Record<string, unknown> = isSection ? { ...existing } : {};
      section[name] = child;
      section = child;
    }
    section[settingPath.at(-1) ?? ''] = value;
  }
  const parsed = Settings.safeParse(withoutEmptySections(merged), { reportInput: true });
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${describe(issue, overrides, file)}`);
  throw new AppError('bad_config', `The settings are wrong:\n${lines.join('\n')}`);
}

/** A section whose settings are all commented out is null in YAML and means the same as no section. */
function withoutEmptySections(settings: Record<string, unknown>): Record<string, unknown> {
  const sections = new Set(listSettings().flatMap(({ path: names }) => (names.length > 1 ? [names[0]] : [])));
  return Object.fromEntries(
    Object.entries(settings).filter(([name, value]) => value !== null || !sections.has(name)),
  );
}

/** Of URLs with passwords, and of settings that hold others. */
const withoutSecrets = createRedactor([]);

function describe(issue: z.core.$ZodIssue, overrides: Override[], file: string | null): string {
  const place = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => (place === '' ? key : `${place}.${key}`));
    const meant = issue.keys.flatMap((key) => likelySettings(issue.path.map(String), key));
    const advice = meant.length > 0 ? `; is ${meant.join(' or ')} meant?` : ';';
    return `${names.join(', ')}: no such setting${advice} config.example.yaml lists them all`;
  }
  // What is more exact comes later.
  const variable = overrides.findLast((override) => place.startsWith(override.path.join('.')))?.variable;
  const secret = /(key|secret_access_key|url|proxy)$/.test(place);
  const got =
    issue.input === undefined || secret
      ? ''
      : `, got ${withoutSecrets(JSON.stringify(issue.input) ?? '').slice(0, 80)}`;
  return `${place}: ${issue.message}${got} (from ${variable ?? file ?? 'the defaults'})`;
}

/** Settings of the same section whose name ends as the one that was given: `api_key` for `key`, `extra_headers` for `headers`. */
function likelySettings(section: readonly string[], given: string): string[] {
  const [first, name, ...rest] = section;
  // Connections with names of their own have what the vendor's have.
  const isNamed = first === 'providers' && name !== undefined;
  const like = isNamed ? [first, 'openai', ...rest] : section;
  return listSettings()
    .filter(
      ({ path }) => path.length === like.length + 1 && like.every((part, index) => path[index] === part),
    )
    .flatMap(({ path }) => path.at(-1) ?? [])
    .filter((setting) => setting.endsWith(`_${given}`));
}
