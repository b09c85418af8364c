import type { SkillArgument } from './skill-document.ts';
import { splitArguments } from './split-arguments.ts';

const PLACEHOLDER =
  /\$(?:ARGUMENTS\b(?:\[(\d{1,3})\])?|(\d{1,3})(?!\d)|\{(?:CLAUDE_)?SKILL_DIR\}|([A-Za-z_][A-Za-z0-9_]*))/g;

/**
 * Puts what a user wrote behind `/name` into a skill's instructions: `$ARGUMENTS` is all of it, `$1` and `$ARGUMENTS[0]` its first word,
 * `$name` the word of a declared argument, `${SKILL_DIR}` the skill's folder. Words that were neither given nor declared stay as they are, since
 * instructions hold scripts, in which `$1` means something else. What is put in is not looked at again. Instructions that use
 * nothing of it get it at their end.
 */
export function fillArguments(
  body: string,
  input: string,
  declared: readonly SkillArgument[],
  folder: string,
): string {
  const words = splitArguments(input);
  const known = Math.max(words.length, declared.length);
  let used = false;
  const wordAt = (index: number, original: string): string => {
    if (index < 0 || index >= known) return original;
    used = true;
    return words[index] ?? '';
  };
  const filled = body.replace(
    PLACEHOLDER,
    (original: string, indexed?: string, numbered?: string, named?: string) => {
      if (original.endsWith('SKILL_DIR}')) return folder;
      if (indexed !== undefined) return wordAt(Number(indexed), original);
      if (numbered !== undefined) return wordAt(Number(numbered) - 1, original);
      if (named !== undefined) return wordAt(indexOf(declared, named), original);
      used = true;
      return input;
    },
  );
  return used || input === '' ? filled : `${filled}\n\nArguments: ${input}`;
}

function indexOf(declared: readonly SkillArgument[], name: string): number {
  return declared.findIndex((argument) => argument.name.replaceAll('-', '_') === name);
}
