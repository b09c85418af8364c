import { createHash } from 'node:crypto';
import type { ModelRequest } from './model-provider.ts';
import { SCHEMA_DIALECTS, type SchemaDialectName } from './tool-schema/schema-dialect.ts';

/** Tool names as a vendor takes them, and back. */
export interface ToolNames {
  toWire(name: string): string;
  /** The name as it was offered, also where something leaked into it; a name that the model made up comes back as it is. */
  fromWire(name: string): string;
}

/** The names of a request's tools as a server takes them. */
export function toolNamesOf({ tools }: ModelRequest, dialect: SchemaDialectName): ToolNames {
  const { fits, maxLength } = SCHEMA_DIALECTS[dialect].toolNames;
  return createToolNames(
    tools.map(({ name }) => name),
    (name) => fits.test(name),
    maxLength,
  );
}

/**
 * Names that the vendor refuses are written with its characters and a piece of their hash, so that two of them never meet and the
 * same name is always written the same.
 *
 * @param fits - what the vendor takes.
 * @param maxLength - its longest name.
 */
export function createToolNames(
  names: Iterable<string>,
  fits: (name: string) => boolean,
  maxLength: number,
): ToolNames {
  const original = new Map<string, string>();
  const toWire = (name: string) => (fits(name) ? name : converted(name, maxLength));
  for (const name of names) original.set(toWire(name), name);
  return {
    toWire,
    fromWire: (name) => original.get(name) ?? original.get(withoutLeaks(name, original)) ?? name,
  };
}

/**
 * A name without what models and the parsers of servers leave in it: white space, special tokens of the template (`bash<|channel|>commentary`
 * of gpt-oss), the namespace of the prompt (`functions.bash:0` of Kimi, `default_api.bash` of Gemini), another case.
 */
function withoutLeaks(name: string, offered: ReadonlyMap<string, string>): string {
  const bare = name
    .trim()
    .replace(/(<[|｜]|\[TOOL_)[^]*$/, '')
    .replace(/^["'`]|["'`]$/g, '');
  const inner = bare.replace(/^(functions?|default_api|tools?|multi_tool_use)[.:/]/i, '');
  const counted = inner.replace(/:\d+$/, '');
  const exact = [bare, inner, counted].find((candidate) => offered.has(candidate));
  if (exact !== undefined) return exact;
  const alike = [...offered.keys()].filter((wire) => wire.toLowerCase() === counted.toLowerCase());
  return alike.length === 1 ? (alike[0] ?? name) : name;
}

function converted(name: string, maxLength: number): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const readable = name.replace(/[^a-zA-Z0-9_-]+/g, '_').replace(/^[^a-zA-Z]+/, '');
  return `${(readable || 'tool').slice(0, maxLength - 9)}_${hash}`;
}
