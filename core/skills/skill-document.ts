import type { JsonObject } from '../json.ts';

/** An argument that a skill declares: `$1`, `$2`… by order, `$name` by name. */
export interface SkillArgument {
  name: string;
  description: string | null;
  required: boolean;
}

/** A `SKILL.md`, read. */
export interface SkillDocument {
  name: string;
  description: string;
  license: string | null;
  /** Tools that the skill asks for, as written, such as `bash` or `Bash(git diff:*)`. What an agent may use is decided elsewhere. */
  allowedTools: string[];
  /** Whether `/name` of a user activates it. */
  userInvocable: boolean;
  /** Whether the model is told of it and may activate it by itself. */
  modelInvocable: boolean;
  /** Whether it stays active after the turn that activated it. */
  sticky: boolean;
  arguments: SkillArgument[];
  /** What a person is shown behind `/name`, such as `[file] [page]`. */
  argumentHint: string | null;
  metadata: JsonObject;
  /** Every other key of the frontmatter, as written. */
  extra: JsonObject;
  /** What follows the frontmatter: the instructions. */
  body: string;
}
