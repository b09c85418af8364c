import { readFrontmatter } from '../../../core/skills/read-frontmatter.ts';
import type { SplitDocument } from '../../../core/skills/split-frontmatter.ts';
import type { JobModule } from '../job-module.ts';

/** Reads the YAML of one `SKILL.md`. */
export const run: JobModule['run'] = async (value) => ({ value: readFrontmatter(value as SplitDocument) });
