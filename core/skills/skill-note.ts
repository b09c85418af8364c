import type { ContentBlock } from '../session/content.ts';
import { skillCommand } from './skill-command.ts';
import type { SkillPin } from './skill-pin.ts';

/** What a message did with skills, as clients see it on its event. The model's transcript does not read it. */
export type SkillNote =
  | { activated: string; version: string }
  /** No skill of that name: the model got the message as a text. */
  | { unknown: string; suggestion: string | null }
  | { listed: true };

/** Whether a message can hold a command, which is worth looking at the session's skills. */
export function mayHoldCommand([first]: readonly ContentBlock[]): boolean {
  return first?.type === 'text' && /^\s*\//.test(first.text);
}

/** Null for a message that is a text like any other. */
export function skillNote(content: readonly ContentBlock[], pins: readonly SkillPin[]): SkillNote | null {
  const command = skillCommand(content, pins);
  switch (command?.kind) {
    case undefined:
      return null;
    case 'activate':
      return { activated: command.pin.name, version: command.pin.versionId };
    case 'list':
      return { listed: true };
    case 'unknown':
      return { unknown: command.name, suggestion: command.suggestion };
  }
}
