import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { pinSkills } from '../../core/skills/pin-skills.ts';
import { toSkillPackage } from '../../core/skills/skill-package.ts';
import { createInMemoryBlobStore } from '../blob/in-memory.ts';
import { readArchive } from './read-archive.ts';
import { readInstructions } from './read-instructions.ts';
import { createSkillAttachments } from './skill-attachments.ts';
import { storePackage } from './store-package.ts';

const reader = { unpack: async (_workspaceId: string, archive: Uint8Array) => readArchive(archive, 'zip') };

async function pinned(name: string) {
  const blobs = createInMemoryBlobStore();
  const skill = toSkillPackage([
    {
      path: 'SKILL.md',
      bytes: Buffer.from(`---\nname: ${name}\ndescription: Does.\n---\nDo ${name}.\n`),
      executable: false,
    },
    { path: 'scripts/run.sh', bytes: Buffer.from('#!/bin/sh\n'), executable: true },
  ]);
  const version = await storePackage(
    blobs,
    { workspaceId: 'w1', skillId: 'skill_1' },
    skill,
    () => 'skver_1',
  );
  const pins = pinSkills([{ type: 'custom', skill_id: 'skill_1' }], [version]);
  return { blobs, pins };
}

describe('the files of pinned skills', () => {
  it('are placed in the folder of each skill, with their content and execute bits', async () => {
    const { blobs, pins } = await pinned('a-skill');
    const attachments = await createSkillAttachments(blobs, reader)(pins);
    expect(attachments.map(({ path, executable }) => [path, executable])).toEqual([
      ['/workspace/skills/a-skill/SKILL.md', false],
      ['/workspace/skills/a-skill/scripts/run.sh', true],
    ]);
    const [, script] = attachments;
    expect(script && (await buffer(await script.open())).toString()).toBe('#!/bin/sh\n');
  });

  it('are listed without reading the archive again', async () => {
    const { blobs, pins } = await pinned('a-skill');
    let reads = 0;
    const list = createSkillAttachments(
      {
        get: async (...args) => {
          reads += 1;
          return blobs.get(...args);
        },
      },
      reader,
    );
    const first = await list(pins);
    const second = await list(pins);
    expect(second.map(({ path, sha256 }) => [path, sha256])).toEqual(
      first.map(({ path, sha256 }) => [path, sha256]),
    );
    expect(reads).toBe(1);
  });

  it('have their instructions by themselves', async () => {
    const { blobs, pins } = await pinned('a-skill');
    const [pin] = pins;
    expect(pin && (await readInstructions(blobs, pin))).toBe('Do a-skill.');
  });
});
