import type { SkillPin } from './skill-pin.ts';
import { SKILLS_FOLDER } from './skill-place.ts';

/** Characters of the section at most, whatever a session has. */
export const SECTION_CHARACTERS = 32_000;
/** A description is cut to no less; when even that is too much, the rest is named only, or counted. */
const LEAST_DESCRIPTION = 40;

const HEAD = `You have skills: folders with instructions, scripts and references for certain kinds of work. When a request falls under one of the descriptions below, read the skill's SKILL.md with the read tool before you start, and follow it; paths in it that are not absolute start at the skill's folder. The folder of the skill NAME is ${SKILLS_FOLDER}/NAME.`;

/**
 * The part of the system prompt that tells a model of its skills; empty without any. It depends on the pins alone, so it is the same in
 * every request of a session. Descriptions are cut, all to one length, where they would not fit.
 */
export function skillsSection(pins: readonly SkillPin[], limit: number = SECTION_CHARACTERS): string {
  const told = pins.filter(({ modelInvocable }) => modelInvocable);
  if (told.length === 0) return '';
  const room = limit - HEAD.length - 200;
  const whole = told.map(({ description }) => oneLine(description));
  // A cut text may end up a little shorter than it may be.
  const lengthAt = (length: number): number =>
    told.reduce(
      (sum, { name }, index) =>
        sum + lineOf(name, '').length + Math.min(whole[index]?.length ?? 0, length) + 1,
      0,
    );
  const longest = Math.max(...whole.map((text) => text.length));
  const length = largest(LEAST_DESCRIPTION, longest, (candidate) => lengthAt(candidate) <= room);
  const lines: string[] = [];
  let left = room;
  for (const [index, { name }] of told.entries()) {
    const line = lineOf(name, cut(whole[index] ?? '', length));
    if (line.length + 1 > left) break;
    lines.push(line);
    left -= line.length + 1;
  }
  const unnamed = told.length - lines.length;
  if (unnamed > 0) lines.push(`and ${unnamed} more: list ${SKILLS_FOLDER} to see them all.`);
  return `${HEAD}\n\n${lines.join('\n')}`;
}

/** The list that `/skills` shows to a user. */
export function skillList(pins: readonly SkillPin[]): string {
  const usable = pins.filter(({ userInvocable }) => userInvocable);
  if (usable.length === 0) return 'This session has no skills.';
  const lines = usable.map(({ name, argumentHint, arguments: declared, description }) => {
    const hint = argumentHint ?? declared.map((argument) => `[${argument.name}]`).join(' ');
    return `- \`/${name}${hint === '' ? '' : ` ${hint}`}\`: ${oneLine(description)}`;
  });
  return `Skills of this session:\n\n${lines.join('\n')}`;
}

function lineOf(name: string, description: string): string {
  return `- ${name}: ${description}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Cuts on whole characters. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = /[\uD800-\uDBFF]/.test(text.charAt(length - 2)) ? length - 2 : length - 1;
  return `${text.slice(0, end).trimEnd()}…`;
}

/** The largest whole number for which a condition holds that, once it fails, fails for all larger ones; `least` if it never holds. */
function largest(least: number, most: number, holds: (value: number) => boolean): number {
  if (most <= least || holds(most)) return Math.max(least, most);
  let low = least;
  let high = most;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
