import type { Json, JsonObject } from '../json.ts';
import type { FrontmatterEntry } from './read-frontmatter.ts';
import { skillError } from './skill-error.ts';
import { SKILL_LIMITS } from './skill-limits.ts';
import type { SkillArgument } from './skill-document.ts';

/** Takes known keys out of a frontmatter, in either spelling: `user-invocable` and `user_invocable` are one. */
export interface FrontmatterFields {
  required(key: string): { text: string; line: number };
  text(key: string): string | null;
  flag(key: string, absent: 'true' | 'false'): boolean;
  words(key: string): string[];
  arguments(key: string): SkillArgument[];
  object(key: string): JsonObject;
  /** What nobody took. */
  rest(): JsonObject;
}

export function frontmatterFields(entries: readonly FrontmatterEntry[]): FrontmatterFields {
  const open = new Map<string, FrontmatterEntry>();
  const taken = new Set<FrontmatterEntry>();
  for (const entry of entries) {
    const key = canonical(entry.key);
    const other = open.get(key);
    if (other) throw skillError(`"${entry.key}" says again what "${other.key}" says.`, entry.line);
    open.set(key, entry);
  }

  function take(key: string): FrontmatterEntry | null {
    const entry = open.get(key);
    if (!entry) return null;
    taken.add(entry);
    return entry.value === null ? null : entry;
  }

  return {
    required(key) {
      const entry = take(key);
      if (!entry) throw skillError(`the frontmatter lacks "${key}".`, open.get(key)?.line ?? 1);
      return { text: textOf(entry), line: entry.line };
    },
    text(key) {
      const entry = take(key);
      return entry ? textOf(entry) : null;
    },
    flag(key, absent) {
      const entry = take(key);
      if (!entry) return absent === 'true';
      const { value } = entry;
      if (value === true || value === 'true' || value === 'yes') return true;
      if (value === false || value === 'false' || value === 'no') return false;
      throw skillError(`"${entry.key}" must be true or false.`, entry.line);
    },
    words(key) {
      const entry = take(key);
      if (!entry) return [];
      if (typeof entry.value === 'string') return splitWords(entry.value);
      return listOf(entry).map((item) => {
        if (typeof item !== 'string') throw skillError(`"${entry.key}" must hold texts only.`, entry.line);
        return item.trim();
      });
    },
    arguments(key) {
      const entry = take(key);
      if (!entry) return [];
      const { value } = entry;
      const items = typeof value === 'string' ? splitWords(value) : listOf(entry);
      if (items.length > SKILL_LIMITS.arguments) {
        throw skillError(`at most ${SKILL_LIMITS.arguments} arguments can be declared.`, entry.line);
      }
      const declared = items.map((item) => toArgument(item, entry.line));
      if (new Set(declared.map(({ name }) => name)).size < declared.length) {
        throw skillError(`"${entry.key}" names an argument twice.`, entry.line);
      }
      return declared;
    },
    object(key) {
      const entry = take(key);
      if (!entry) return {};
      if (!isObject(entry.value)) {
        throw skillError(`"${entry.key}" must be a list of "key: value" lines.`, entry.line);
      }
      return entry.value;
    },
    rest() {
      return Object.fromEntries<Json>(
        entries.filter((entry) => !taken.has(entry)).map(({ key, value }) => [key, value] as const),
      );
    },
  };
}

function canonical(key: string): string {
  return key.replaceAll('_', '-');
}

function textOf({ key, value, line }: FrontmatterEntry): string {
  // A version such as 1.0 and a name such as 2024 are numbers to YAML.
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') throw skillError(`"${key}" must be a text.`, line);
  return value.trim();
}

function listOf({ key, value, line }: FrontmatterEntry): Json[] {
  if (!Array.isArray(value)) throw skillError(`"${key}" must be a list.`, line);
  return value;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Words between commas or spaces; parentheses keep together what they hold, as in `Bash(git diff:*)`. */
function splitWords(text: string): string[] {
  return text.match(/[^\s,()]*\([^()]*\)|[^\s,]+/g) ?? [];
}

const ARGUMENT = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

function toArgument(item: Json, line: number): SkillArgument {
  const { name, description, required } =
    typeof item === 'string' ? { name: item } : isObject(item) ? item : {};
  if (typeof name !== 'string' || !ARGUMENT.test(name)) {
    throw skillError(
      'the name of an argument is letters, digits, "_" and "-", and starts with a letter.',
      line,
    );
  }
  if (description !== undefined && description !== null && typeof description !== 'string') {
    throw skillError(`the description of the argument "${name}" must be a text.`, line);
  }
  return { name, description: description ?? null, required: required === true };
}
