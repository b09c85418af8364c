import type { ContentBlock, TextBlock } from '../session/content.ts';
import { fillArguments } from './fill-arguments.ts';
import type { SkillCommand } from './skill-command.ts';
import type { SkillPin } from './skill-pin.ts';
import { skillFolder } from './skill-place.ts';
import { splitArguments } from './split-arguments.ts';

/**
 * What a model is told behind a user's message that activates a skill: that it did, for how long, and the instructions. It is a part of
 * the message for ever, so that the transcript only grows.
 *
 * @param body - the instructions: `SKILL.md` of the pinned version, without its frontmatter.
 */
export function activationText(pin: SkillPin, input: string, body: string): string {
  const { name, sticky } = pin;
  const folder = skillFolder(name);
  const lasts = sticky
    ? 'Follow its instructions for the rest of this session.'
    : 'Follow its instructions until this request is done; afterwards they no longer hold.';
  const given = splitArguments(input).length;
  const missing = pin.arguments.filter(({ required }, index) => required && index >= given);
  const ask =
    missing.length === 0
      ? ''
      : ` Not given, and needed: ${missing.map((argument) => argument.name).join(', ')}; ask the user.`;
  const filled = fillArguments(body, input, pin.arguments, folder);
  return `<skill name="${name}">
The user activated the skill "${name}" with the message above. ${lasts} Its files are in ${folder}; paths in it that are not absolute start there.${ask}

${filled}
</skill>`;
}

/** A user's message as the model gets it: what a command brings is added behind what the user wrote. */
export function withActivation(
  content: readonly ContentBlock[],
  command: Extract<SkillCommand, { kind: 'activate' }>,
  body: string,
): ContentBlock[] {
  const added: TextBlock = { type: 'text', text: activationText(command.pin, command.input, body) };
  return [...content, added];
}
