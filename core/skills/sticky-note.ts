import type { TranscriptMessage } from '../session/content.ts';
import type { SkillPin } from './skill-pin.ts';
import { skillFolder } from './skill-place.ts';

function lineOf({ name }: SkillPin): string {
  return `- ${name}: ${skillFolder(name)}/SKILL.md`;
}

const HEAD = 'The user activated these skills for the rest of the session; read them again before you go on:';

/**
 * What a summary has to keep of skills that the user activated for the whole session, since it takes the place of their instructions;
 * empty without any.
 *
 * @param messages - what the summary replaces; an earlier summary among them passes its own on.
 */
export function stickyNote(messages: readonly TranscriptMessage[], pins: readonly SkillPin[]): string {
  const sticky = pins.filter((pin) => pin.sticky);
  if (sticky.length === 0) return '';
  const texts = messages.flatMap(({ role, content }) =>
    role === 'user' ? content.flatMap((block) => (block.type === 'text' ? [block.text] : [])) : [],
  );
  const held = sticky.filter((pin) =>
    texts.some(
      (text) =>
        text.startsWith(`<skill name="${pin.name}">\n`) ||
        (text.includes(HEAD) && text.includes(lineOf(pin))),
    ),
  );
  return held.length === 0 ? '' : `\n\n${HEAD}\n${held.map(lineOf).join('\n')}`;
}
