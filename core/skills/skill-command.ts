import type { ContentBlock } from '../session/content.ts';
import type { SkillPin } from './skill-pin.ts';
import { suggestSkill } from './suggest-skill.ts';

/** What a user's message asks for with a `/` at its start. */
export type SkillCommand =
  | { kind: 'activate'; pin: SkillPin; input: string }
  | { kind: 'list' }
  /** No skill of that name: the message is a text like any other. `suggestion` is the name that was probably meant. */
  | { kind: 'unknown'; name: string; suggestion: string | null };

const COMMAND = /^\s*\/(-*[A-Za-z0-9][A-Za-z0-9-]{0,63})(?:\s+([\s\S]*))?$/;

/**
 * The command in a user's message; null when it is a text like any other. Only the first block counts, and a path such as
 * `/etc/hosts` is no command. The same message and pins always give the same.
 */
export function skillCommand(
  content: readonly ContentBlock[],
  pins: readonly SkillPin[],
): SkillCommand | null {
  const [first] = content;
  const match = first?.type === 'text' ? COMMAND.exec(first.text) : null;
  const typed = match?.[1];
  if (typed === undefined) return null;
  const name = typed.toLowerCase();
  const invocable = pins.filter(({ userInvocable }) => userInvocable);
  const pin = invocable.find((candidate) => candidate.name === name);
  if (pin) return { kind: 'activate', pin, input: (match?.[2] ?? '').trim() };
  if (name === 'skills') return { kind: 'list' };
  return {
    kind: 'unknown',
    name: typed,
    suggestion: suggestSkill(typed, ['skills', ...invocable.map((one) => one.name)]),
  };
}
