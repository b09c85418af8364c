import { frontmatterFields } from './frontmatter-fields.ts';
import { readFrontmatter, type FrontmatterEntry } from './read-frontmatter.ts';
import type { SkillDocument } from './skill-document.ts';
import { skillError } from './skill-error.ts';
import { SKILL_LIMITS } from './skill-limits.ts';
import { splitFrontmatter, type SplitDocument } from './split-frontmatter.ts';

const NAME = /^-*[a-z0-9][a-z0-9-]*$/;
const TAG = /<\/?[A-Za-z!?][^<>]*>/;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/;
/** `/skills` lists the skills of a session. */
const RESERVED = new Set(['skills']);

/**
 * Reads a `SKILL.md`.
 *
 * @throws `invalid_request` that names the line.
 */
export function parseSkill(text: string): SkillDocument {
  const split = splitFrontmatter(text);
  return skillDocument(split, readFrontmatter(split));
}

/**
 * Makes a document of a `SKILL.md` whose YAML was read already, wherever that was: every rule for what may be in it is checked here.
 *
 * @throws `invalid_request` that names the line.
 */
export function skillDocument(split: SplitDocument, entries: readonly FrontmatterEntry[]): SkillDocument {
  const fields = frontmatterFields(entries);
  const document = {
    name: checkedName(fields.required('name')),
    description: checkedDescription(fields.required('description')),
    license: fields.text('license'),
    allowedTools: fields.words('allowed-tools'),
    userInvocable: fields.flag('user-invocable', 'true'),
    modelInvocable: !fields.flag('disable-model-invocation', 'false'),
    sticky: fields.flag('sticky', 'false'),
    arguments: fields.arguments('arguments'),
    argumentHint: fields.text('argument-hint'),
    metadata: fields.object('metadata'),
  };
  return { ...document, extra: fields.rest(), body: split.body };
}

function checkedName({ text, line }: { text: string; line: number }): string {
  if (text.length > SKILL_LIMITS.name) {
    throw skillError(
      `"name" has ${text.length} characters; at most ${SKILL_LIMITS.name} are possible.`,
      line,
    );
  }
  if (!NAME.test(text)) {
    throw skillError(
      '"name" must be lower-case letters, digits and hyphens, with a letter or digit among them.',
      line,
    );
  }
  if (RESERVED.has(text)) throw skillError(`"${text}" is a command; choose another "name".`, line);
  return text;
}

function checkedDescription({ text, line }: { text: string; line: number }): string {
  if (text === '')
    throw skillError('"description" is empty: say what the skill does and when to use it.', line);
  const length = Array.from(text).length;
  if (length > SKILL_LIMITS.description) {
    throw skillError(
      `"description" has ${length} characters; at most ${SKILL_LIMITS.description} are possible.`,
      line,
    );
  }
  if (!text.isWellFormed() || CONTROL.test(text)) {
    throw skillError('"description" must not hold control characters.', line);
  }
  const tag = TAG.exec(text)?.[0];
  if (tag !== undefined) {
    throw skillError(`"description" must not hold tags such as ${tag.slice(0, 40)}.`, line);
  }
  return text;
}
