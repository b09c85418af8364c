import { AppError } from '../core/errors.ts';
import { createRedactor } from '../providers/telemetry/redact.ts';
import type { Json } from '../core/json.ts';
import type { SettingDescription } from './setting-list.ts';

/** Environment variables, as `process.env` has them. */
export type Environment = Record<string, string | undefined>;

const PREFIX = 'MANAGED_AGENT_';

/** The variable that overrides a setting: `['api', 'port']` → `MANAGED_AGENT_API_PORT`. */
export function variableOf(path: readonly string[]): string {
  return PREFIX + path.join('_').toUpperCase();
}

/** One setting given in the environment. */
export interface Override {
  path: string[];
  variable: string;
  value: unknown;
}

/**
 * The settings that the environment overrides. Numbers, `true`/`false` and `null` (where a setting may be null) are read as such,
 * arrays and maps as JSON; an empty variable counts as absent, since container tools pass unset ones as empty.
 * `alsoAllowed` names variables with our prefix that are no settings, such as those that hold keys.
 * Throws `bad_config` for a variable with our prefix that is neither.
 */
export function overridesOf(
  environment: Environment,
  settings: SettingDescription[],
  alsoAllowed: ReadonlySet<string> = new Set(),
): Override[] {
  const byVariable = new Map(settings.map((setting) => [variableOf(setting.path), setting]));
  const overrides: Override[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || text === undefined || text === '' || alsoAllowed.has(variable))
      continue;
    const setting = byVariable.get(variable);
    if (!setting) {
      throw new AppError(
        'bad_config',
        `The environment variable ${variable} names no setting; config.example.yaml lists them all. Unset it or correct its name.`,
      );
    }
    overrides.push({ path: setting.path, variable, value: parse(text, variable, setting) });
  }
  return overrides;
}

function parse(text: string, variable: string, setting: SettingDescription): Json {
  if (setting.nullable && text === 'null') return null;
  if (setting.kind === 'string') return text;
  if (setting.kind === 'number') {
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number)) throw refused(variable, setting, 'a number', text);
    return number;
  }
  if (setting.kind === 'boolean') {
    if (text !== 'true' && text !== 'false') throw refused(variable, setting, 'true or false', text);
    return text === 'true';
  }
  return jsonIn(text, variable, setting.path);
}

/** The JSON that a variable holds. Throws `bad_config` for other text, and for what `fits` does not take. */
export function jsonIn(
  text: string,
  variable: string,
  path: readonly string[],
  fits: (value: Json) => boolean = () => true,
): Json {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw refused(variable, { path }, 'JSON', text, cause);
  }
  if (!fits(value)) throw refused(variable, { path }, 'a map or a list, as JSON', text);
  return value;
}

function refused(
  variable: string,
  setting: { path: readonly string[] },
  expected: string,
  text: string,
  cause?: unknown,
): AppError {
  const known = createRedactor([])(text);
  const shown = known.length > 60 ? `${known.slice(0, 60)}…` : known;
  return new AppError(
    'bad_config',
    `${setting.path.join('.')} (from ${variable}): expected ${expected}, got "${shown}".`,
    { cause },
  );
}
