import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { createPackageGate } from '../../core/skills/package-gate.ts';
import { skillDocument } from '../../core/skills/parse-skill.ts';
import type { SkillDocument } from '../../core/skills/skill-document.ts';
import { skillError } from '../../core/skills/skill-error.ts';
import { SKILL_LIMITS } from '../../core/skills/skill-limits.ts';
import { toPackageFiles, type SkillFile, type SkillPackage } from '../../core/skills/skill-package.ts';
import { splitFrontmatter } from '../../core/skills/split-frontmatter.ts';
import type { DecodeOutcome, Decoder } from '../decoder/decoder.ts';
import { archiveError } from './archive-error.ts';
import type { ArchiveKind } from './archive-kind.ts';

/**
 * Reads what strangers sent as a skill. Archives are unpacked and YAML is parsed in a decoder; what it answers is judged here once more,
 * by the rules that uploads have. Every method throws `invalid_request` that says what is wrong with which file, `unavailable` when too
 * much waits or nothing can be read at the moment, and the signal's reason when `signal` aborts. Deterministic, so it may be repeated.
 */
export interface SkillReader {
  unpack(
    workspaceId: string,
    archive: Uint8Array,
    kind: ArchiveKind,
    signal: AbortSignal,
  ): Promise<SkillFile[]>;
  /** Reads a `SKILL.md`. */
  document(workspaceId: string, text: string, signal: AbortSignal): Promise<SkillDocument>;
  /** Makes a skill of its files. */
  package(workspaceId: string, files: readonly SkillFile[], signal: AbortSignal): Promise<SkillPackage>;
}

const MILLISECONDS = 20_000;
/** For what a frontmatter of at most 32 kB holds, as JSON, with what its anchors repeat. */
const FRONTMATTER_BYTES = SKILL_LIMITS.frontmatter * (SKILL_LIMITS.aliases + 6);
/** For the list of the files, as JSON. */
const LIST_BYTES = SKILL_LIMITS.entries * (SKILL_LIMITS.path * 6 + 64);

const Listed = z
  .array(z.strictObject({ path: z.string(), executable: z.boolean() }))
  .max(SKILL_LIMITS.entries);
const Entries = z.array(z.strictObject({ key: z.string(), line: z.int().positive(), value: z.json() }));

/** A skill reader on a decoder. */
export function createSkillReader(decoder: Decoder): SkillReader {
  const reader: SkillReader = {
    async unpack(workspaceId, archive, kind, signal) {
      const outcome = await decoder.decode(
        {
          kind: 'skill',
          workspaceId,
          value: kind,
          parts: [archive],
          milliseconds: MILLISECONDS,
          answerBytes: SKILL_LIMITS.packageBytes + LIST_BYTES,
        },
        signal,
      );
      if (!outcome.ok) throw whyNot(outcome, (message) => archiveError(`${message}.`));
      return admitted(outcome);
    },
    async document(workspaceId, text, signal) {
      const split = splitFrontmatter(text);
      const { body, ...value } = split;
      const outcome = await decoder.decode(
        {
          kind: 'frontmatter',
          workspaceId,
          value,
          parts: [],
          milliseconds: MILLISECONDS,
          answerBytes: FRONTMATTER_BYTES,
        },
        signal,
      );
      if (!outcome.ok)
        throw whyNot(outcome, (message) => skillError(`the frontmatter cannot be read: ${message}.`));
      return skillDocument({ ...value, body }, entriesIn(outcome.value));
    },
    async package(workspaceId, files, signal) {
      const packed = toPackageFiles(files);
      return { ...packed, document: await reader.document(workspaceId, packed.text, signal) };
    },
  };
  return reader;
}

function whyNot(
  { cause, message }: Extract<DecodeOutcome, { ok: false }>,
  otherwise: (message: string) => AppError,
): AppError {
  if (cause !== 'refused') return otherwise(message);
  return new AppError('invalid_request', message, { details: { error_code: 'invalid_skill' } });
}

/** The files that came back, by the rules for files of a package. */
function admitted({ value, parts }: Extract<DecodeOutcome, { ok: true }>): SkillFile[] {
  const listed = Listed.safeParse(value);
  if (!listed.success || listed.data.length !== parts.length)
    throw archiveError('its reader gave no answer.');
  const gate = createPackageGate();
  return listed.data.map(({ path, executable }, index) => {
    const bytes = parts[index] ?? Buffer.alloc(0);
    gate.bytes(bytes.byteLength);
    if (gate.file(path) !== path) throw archiveError('its reader gave no answer.');
    return { path, executable, bytes };
  });
}

function entriesIn(value: unknown): z.infer<typeof Entries> {
  const isShallow = depthOf(value, SKILL_LIMITS.depth + ENTRY_DEPTH) <= SKILL_LIMITS.depth + ENTRY_DEPTH;
  const read = isShallow ? Entries.safeParse(value) : undefined;
  if (read?.success !== true) throw skillError('the frontmatter cannot be read: its reader gave no answer.');
  return read.data;
}

/** The list of entries, an entry, and the value in it. */
const ENTRY_DEPTH = 3;

/** How deep a value is nested, as far as `most` and one more. */
function depthOf(value: unknown, most: number): number {
  if (typeof value !== 'object' || value === null || most < 0) return 0;
  return (
    1 +
    Object.values(value).reduce<number>((deepest, inner) => Math.max(deepest, depthOf(inner, most - 1)), 0)
  );
}
