import { AppError } from '../errors.ts';
import type { SkillDocument } from './skill-document.ts';
import { skillPlace, skillSource } from './skill-id.ts';
import { SKILL_LIMITS } from './skill-limits.ts';
import { skillPackages } from './skill-packages.ts';
import type { SkillPin, SkillReference } from './skill-pin.ts';

/** What pinning needs to know of a stored version. */
export interface PinnableVersion {
  workspaceId: string;
  id: string;
  contentHash: string;
  archiveSha256: string;
  documentSha256: string;
  document: Omit<SkillDocument, 'body'>;
}

/** Where to look for what references name; `null` is the newest version. */
export interface SkillLookup {
  workspaceId: string;
  skillId: string;
  versionId: string | null;
}

/** What to look up for an agent's skills, in their order. */
export function skillLookups(workspaceId: string, references: readonly SkillReference[]): SkillLookup[] {
  return references.map(({ skill_id: id, version }) => ({
    ...skillPlace(workspaceId, id),
    versionId: version == null || version === 'latest' ? null : version,
  }));
}

/**
 * Fixes the skills of a session. `found` are the versions of {@link skillLookups}, in the same order. A skill that is named twice in
 * the same version is one.
 *
 * @param where - the field that the references came in, for messages.
 * @throws `invalid_request` for unknown skills, for two skills of one name, for too many.
 */
export function pinSkills(
  references: readonly SkillReference[],
  found: readonly (PinnableVersion | null)[],
  where = 'skills',
): SkillPin[] {
  const pins = new Map<string, SkillPin>();
  for (const [index, reference] of references.entries()) {
    const version = found[index] ?? null;
    if (!version || skillSource(version.workspaceId) !== reference.type) {
      throw unknownSkill(reference, `${where}.${index}`);
    }
    const pin = toPin(reference, version);
    const other = pins.get(pin.name);
    if (other && other.contentHash !== pin.contentHash) {
      throw refusal(
        `${where}.${index}: two skills are called "${pin.name}" (${other.skillId} and ${pin.skillId}); a session can have one.`,
      );
    }
    if (!other) pins.set(pin.name, pin);
  }
  if (pins.size > SKILL_LIMITS.perSession) {
    throw refusal(
      `${where}: ${pins.size} skills are named; at most ${SKILL_LIMITS.perSession} are possible.`,
    );
  }
  return [...pins.values()];
}

function toPin({ type, skill_id: skillId }: SkillReference, version: PinnableVersion): SkillPin {
  const { document } = version;
  return {
    source: type,
    skillId,
    versionId: version.id,
    name: document.name,
    description: document.description,
    contentHash: version.contentHash,
    blobWorkspaceId: version.workspaceId,
    archiveSha256: version.archiveSha256,
    documentSha256: version.documentSha256,
    userInvocable: document.userInvocable,
    modelInvocable: document.modelInvocable,
    sticky: document.sticky,
    arguments: document.arguments,
    argumentHint: document.argumentHint,
    ...(document.metadata['packages'] === undefined ? {} : { packages: skillPackages(document.metadata) }),
  };
}

function unknownSkill({ type, skill_id: id, version }: SkillReference, where: string): AppError {
  const kind = type === 'anthropic' ? 'built-in' : 'uploaded';
  const which = version == null || version === 'latest' ? '' : ` in version ${version}`;
  return new AppError(
    'invalid_request',
    `${where}: there is no ${kind} skill ${JSON.stringify(id)}${which}; GET /v1/skills lists what there is.`,
    { details: { error_code: 'skill_not_found_error' } },
  );
}

function refusal(message: string): AppError {
  return new AppError('invalid_request', message);
}
