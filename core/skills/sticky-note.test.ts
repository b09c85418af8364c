import { describe, expect, it } from 'vitest';
import type { TranscriptMessage } from '../session/content.ts';
import { activationText } from './skill-activation.ts';
import type { SkillPin } from './skill-pin.ts';
import { stickyNote } from './sticky-note.ts';

const pin = (name: string, sticky: boolean): SkillPin => ({
  source: 'custom',
  skillId: `skill_${name}`,
  versionId: 'skver_1',
  name,
  description: 'Does things.',
  contentHash: 'hash',
  blobWorkspaceId: 'w',
  archiveSha256: 'a',
  documentSha256: 'd',
  userInvocable: true,
  modelInvocable: true,
  sticky,
  arguments: [],
  argumentHint: null,
});
const said = (...texts: string[]): TranscriptMessage => ({
  role: 'user',
  content: texts.map((text) => ({ type: 'text', text })),
});

describe('what a summary keeps of skills', () => {
  const pins = [pin('pirate', true), pin('formal', true), pin('report', false)];
  const activated = (index: number) => activationText(pins[index] as SkillPin, '', 'Instructions.');

  it('is where to read those that hold for the session and were activated', () => {
    const note = stickyNote([said('/pirate', activated(0)), said('/report', activated(2))], pins);
    expect(note).toContain('- pirate: /workspace/skills/pirate/SKILL.md');
    expect(note).not.toContain('formal');
    expect(note).not.toContain('report');
  });

  it('goes from one summary to the next', () => {
    const first = `A summary.${stickyNote([said('/pirate', activated(0))], pins)}`;
    expect(stickyNote([said(first), said('/formal', activated(1))], pins)).toContain('pirate');
  });

  it('is nothing where nothing was activated', () => {
    expect(stickyNote([said('pirate')], pins)).toBe('');
    expect(stickyNote([said('/pirate', activated(0))], [])).toBe('');
  });
});
