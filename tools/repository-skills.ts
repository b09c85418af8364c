import { isAppError } from '../core/errors.ts';
import type { SkillDocument } from '../core/skills/skill-document.ts';
import type { Sandbox } from '../providers/sandbox/sandbox.ts';
import type { SkillReader } from '../providers/skill-archive/skill-reader.ts';

/** A repository of a session: where it lies in the sandbox. */
export interface PlacedRepository {
  id: string;
  mountPath: string;
}

/** Finds the skills that repositories bring along, in `.claude/skills/<name>/SKILL.md`. */
export interface RepositorySkills {
  /**
   * What the model has to be told of them with the result of a call; null when there is nothing new. Each repository is told of once in a
   * session, by the call that first found it placed: a repeated attempt of that call says the same, other calls say nothing.
   */
  note(sandbox: Sandbox, toolUseId: string, signal: AbortSignal): Promise<string | null>;
  /** The call that was to tell this has no result: the next one tells it. */
  untold(sessionId: string, note: string): void;
}

const MOST_SKILLS = 40;
const HEAD_BYTES = 2_000;
const DESCRIPTION = 300;
const SCRIPT_MS = 30_000;
/** Sessions of which this process remembers what was looked at. */
const REMEMBERED = 10_000;

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Prints the beginning of each SKILL.md behind a line that only this call can know. The marks outlive the process that asks. */
function script(teller: string, repositories: readonly PlacedRepository[]): string {
  const looks = repositories.map(({ id, mountPath }) => `look ${quoted(id)} ${quoted(mountPath)}`);
  return `(
marks="$HOME/.managed-agent/repository-skills"
mkdir -p "$marks"
left=${MOST_SKILLS}
look() {
  [ -d "$2/.git" ] || { printf '\\n%s!%s\\n' ${teller} "$1"; return 0; }
  (set -C; echo ${teller} > "$marks/$1") 2>/dev/null
  [ "$(cat "$marks/$1")" = ${teller} ] || return 0
  for file in "$2"/.claude/skills/*/SKILL.md; do
    [ -f "$file" ] && [ $left -gt 0 ] || continue
    left=$((left - 1))
    printf '\\n%s %s\\n' ${teller} "$file"
    head -c ${HEAD_BYTES} "$file"
  done
}
${looks.join('\n')}
true
)`;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= DESCRIPTION ? line : `${Array.from(line).slice(0, DESCRIPTION).join('')}…`;
}

async function lineOf(
  read: (text: string) => Promise<SkillDocument>,
  path: string,
  beginning: string,
): Promise<string> {
  try {
    const { name, description, modelInvocable } = await read(beginning);
    const only = modelInvocable ? '' : ' Only when the user asks for it by its name.';
    return `- ${name}: ${oneLine(description)}${only} (${path})`;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return `- ${path.split('/').at(-2) ?? path} (${path})`;
  }
}

/** @param deps.repositoriesOf - the repositories of a sandbox's session now. */
export function createRepositorySkills(deps: {
  skillReader: Pick<SkillReader, 'document'>;
  repositoriesOf(spec: Sandbox['spec']): Promise<readonly PlacedRepository[]>;
}): RepositorySkills {
  const looked = new Set<string>();
  const waiting = new Map<string, string>();
  return {
    untold(sessionId, note) {
      if (waiting.size >= REMEMBERED) waiting.clear();
      waiting.set(sessionId, note);
    },
    async note(sandbox, toolUseId, signal) {
      const { sessionId } = sandbox.spec;
      const before = waiting.get(sessionId);
      waiting.delete(sessionId);
      if (before !== undefined) return before;
      const keyOf = ({ id }: PlacedRepository): string => `${sessionId}/${id}`;
      const repositories = (await deps.repositoriesOf(sandbox.spec)).filter((one) => !looked.has(keyOf(one)));
      if (repositories.length === 0) return null;
      const operation = {
        type: 'bash',
        command: script(toolUseId, repositories),
        timeoutMs: SCRIPT_MS,
      } as const;
      const outcome = await sandbox.call({ id: `${toolUseId}-skills`, operation }, 'start', signal);
      if (outcome.state === 'lost' || outcome.result.isError) return null;
      if (looked.size >= REMEMBERED) looked.clear();
      const missing = new Set<string>();
      const text = `\n${outcome.result.text}\n`.replaceAll(
        new RegExp(`\n${toolUseId}!(\\w+)(?=\n)`, 'g'),
        (_line, id: string) => {
          missing.add(id);
          return '';
        },
      );
      for (const one of repositories) if (!missing.has(one.id)) looked.add(keyOf(one));
      const [, ...parts] = text.split(`\n${toolUseId} `);
      if (parts.length === 0) return null;
      const read = async (beginning: string) =>
        deps.skillReader.document(sandbox.spec.workspaceId, beginning, signal);
      const lines: string[] = [];
      for (const part of parts) {
        const end = part.indexOf('\n');
        const [path, beginning] = end === -1 ? [part, ''] : [part.slice(0, end), part.slice(end + 1)];
        lines.push(await lineOf(read, path, beginning));
      }
      return `[The attached repositories bring skills. When a request falls under one of the descriptions below, or the user writes /NAME, read its SKILL.md before you start and follow it; paths in it that are not absolute start at its folder.\n${lines.join('\n')}]`;
    },
  };
}
