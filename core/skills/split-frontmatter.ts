import { skillError } from './skill-error.ts';
import { SKILL_LIMITS } from './skill-limits.ts';

const FENCE = /^---[ \t]*$/;

/** The two halves of a `SKILL.md`. */
export interface SplitDocument {
  yaml: string;
  /** The line of the file that the YAML starts at, 1-based. */
  firstLine: number;
  body: string;
}

/** Finds the frontmatter between two lines of `---`. Line ends become `\n`; a byte order mark goes. */
export function splitFrontmatter(text: string): SplitDocument {
  const lines = text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .split('\n');
  if (!FENCE.test(lines[0] ?? '')) {
    throw skillError('expected a line of three hyphens, "---", that opens the frontmatter.', 1);
  }
  const end = lines.findIndex((line, index) => index > 0 && FENCE.test(line));
  if (end === -1) {
    throw skillError('the frontmatter that starts here is never closed by a line "---".', 1);
  }
  const yaml = lines.slice(1, end).join('\n');
  if (yaml.length > SKILL_LIMITS.frontmatter) {
    throw skillError(
      `the frontmatter has ${yaml.length} characters; at most ${SKILL_LIMITS.frontmatter} are possible.`,
      1,
    );
  }
  return {
    yaml: `${yaml}\n`,
    firstLine: 2,
    body: lines
      .slice(end + 1)
      .join('\n')
      .trim(),
  };
}
