import { describe, expect, it } from 'vitest';
import { parseSkill } from './parse-skill.ts';
import { pinSkills, skillLookups, type PinnableVersion } from './pin-skills.ts';
import { BUILT_IN_WORKSPACE } from './skill-id.ts';

const version = (name: string, parts: Partial<PinnableVersion> = {}): PinnableVersion => {
  const { body: _body, ...document } = parseSkill(`---\nname: ${name}\ndescription: Does.\n---\n`);
  return {
    workspaceId: 'w1',
    id: `skver_${name}`,
    contentHash: `hash of ${name}`,
    archiveSha256: 'a',
    documentSha256: 'd',
    document,
    ...parts,
  };
};
const custom = (id: string) => ({ type: 'custom' as const, skill_id: id });
const builtIn = (id: string) => ({ type: 'anthropic' as const, skill_id: id });

describe('skillLookups', () => {
  it('looks for uploaded skills in the workspace, for built-in ones under the names here', () => {
    expect(
      skillLookups('w1', [
        custom('skill_1'),
        { ...custom('skill_1'), version: 'skver_2' },
        { ...builtIn('xlsx'), version: 'latest' },
        { ...builtIn('web-research'), version: null },
      ]),
    ).toEqual([
      { workspaceId: 'w1', skillId: 'skill_1', versionId: null },
      { workspaceId: 'w1', skillId: 'skill_1', versionId: 'skver_2' },
      { workspaceId: BUILT_IN_WORKSPACE, skillId: 'spreadsheet', versionId: null },
      { workspaceId: BUILT_IN_WORKSPACE, skillId: 'web-research', versionId: null },
    ]);
  });
});

describe('pinSkills', () => {
  it('fixes versions, under the ids that the agent uses', () => {
    const found = [version('own'), version('spreadsheet', { workspaceId: BUILT_IN_WORKSPACE })];
    expect(pinSkills([custom('skill_1'), builtIn('xlsx')], found)).toMatchObject([
      { source: 'custom', skillId: 'skill_1', versionId: 'skver_own', name: 'own', blobWorkspaceId: 'w1' },
      { source: 'anthropic', skillId: 'xlsx', name: 'spreadsheet', blobWorkspaceId: BUILT_IN_WORKSPACE },
    ]);
  });

  it('takes the same skill twice as one, and refuses two of one name', () => {
    const twice = [custom('skill_1'), custom('skill_2')];
    expect(pinSkills(twice, [version('own'), version('own')])).toHaveLength(1);
    expect(() => pinSkills(twice, [version('own'), version('own', { contentHash: 'other' })])).toThrow(
      /skills\.1: two skills are called "own" \(skill_1 and skill_2\)/,
    );
  });

  it('refuses what is not there, or is of the other kind', () => {
    expect(() => pinSkills([custom('skill_1')], [null])).toThrow(
      /skills\.0: there is no uploaded skill "skill_1"/,
    );
    expect(() => pinSkills([{ ...builtIn('pdf'), version: 'v9' }], [null], 'agent.skills')).toThrow(
      /agent\.skills\.0: there is no built-in skill "pdf" in version v9/,
    );
    expect(() => pinSkills([custom('pdf')], [version('pdf', { workspaceId: BUILT_IN_WORKSPACE })])).toThrow(
      /no uploaded skill "pdf"/,
    );
  });

  it('refuses more than 500 different skills', () => {
    const many = Array.from({ length: 501 }, (_, index) => `s${index}`);
    expect(() =>
      pinSkills(
        many.map(custom),
        many.map((name) => version(name)),
      ),
    ).toThrow(/501 skills are named/);
  });
});
