import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeId } from '../../../core/ids.ts';
import { parseSkill } from '../../../core/skills/parse-skill.ts';
import type { NewSkillVersion, SkillStore } from '../skills.ts';

let made = Date.now();
/** Ids that sort in the order they are made in, also within one millisecond. */
const newId = (kind: 'skill' | 'skillVersion') => makeId(kind, ++made, randomBytes(10));

function version(parts: Partial<NewSkillVersion> = {}, name = 'a-skill'): NewSkillVersion {
  const { body: _body, ...document } = parseSkill(
    `---\nname: ${name}\ndescription: Does "things" — \\0.\n---\n`,
  );
  return {
    workspaceId: 'w1',
    skillId: newId('skill'),
    id: newId('skillVersion'),
    document,
    contentHash: randomBytes(32).toString('hex'),
    archiveSha256: randomBytes(32).toString('hex'),
    archiveBytes: 100,
    documentSha256: randomBytes(32).toString('hex'),
    documentBytes: 10,
    ...parts,
  };
}

/** Every store of skills passes this. */
export function skillStoreContract(
  name: string,
  open: () => Promise<{ skills: SkillStore; close(): Promise<void> }>,
): void {
  describe(`a skill store ${name}`, () => {
    let skills: SkillStore;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ skills, close } = await open());
    });
    afterAll(async () => close());

    const latest = async (skillId: string) =>
      (await skills.find([{ workspaceId: 'w1', skillId, versionId: null }]))[0];

    it('gives back what was created', async () => {
      const first = version();
      const skill = await skills.create('A skill', first);
      expect(skill).toMatchObject({
        workspaceId: 'w1',
        id: first.skillId,
        displayName: 'A skill',
        latestVersionId: first.id,
      });
      expect(await skills.get('w1', first.skillId)).toEqual(skill);
      expect(await latest(first.skillId)).toEqual({ ...first, createdAt: expect.any(Number) as number });
    });

    it('makes an added version the newest, and an identical one none', async () => {
      const first = version();
      await skills.create('A skill', first);
      const second = version({ skillId: first.skillId });
      expect(await skills.addVersion(second)).toMatchObject({ id: second.id });
      const same = version({ skillId: first.skillId, contentHash: second.contentHash });
      expect(await skills.addVersion(same)).toMatchObject({ id: second.id });
      const back = version({ skillId: first.skillId, contentHash: first.contentHash });
      expect(await skills.addVersion(back)).toMatchObject({ id: back.id });
      const { items } = await skills.listVersions('w1', first.skillId, { limit: 10, after: null });
      expect(items.map(({ id }) => id)).toEqual([back.id, second.id, first.id]);
      expect(await latest(first.skillId)).toMatchObject({ id: back.id });
    });

    it('stores one version when the same comes many times at once', async () => {
      const first = version();
      await skills.create('A skill', first);
      const contentHash = randomBytes(32).toString('hex');
      const added = await Promise.all(
        Array.from({ length: 8 }, async () =>
          skills.addVersion(version({ skillId: first.skillId, contentHash })),
        ),
      );
      expect(new Set(added.map(({ id }) => id)).size).toBe(1);
    });

    it('refuses versions of unknown skills and of another name', async () => {
      const first = version();
      await skills.create('A skill', first);
      await expect(skills.addVersion(version())).rejects.toMatchObject({ code: 'not_found' });
      await expect(
        skills.addVersion(version({ skillId: first.skillId, workspaceId: 'w2' })),
      ).rejects.toMatchObject({
        code: 'not_found',
      });
      await expect(skills.addVersion(version({ skillId: first.skillId }, 'another'))).rejects.toMatchObject({
        code: 'invalid_request',
      });
    });

    it('publishes a version once, and an older one again', async () => {
      const first = version({ skillId: newId('skill') });
      const second = version({ skillId: first.skillId });
      const published = [];
      for (const next of [first, first, second, first]) published.push(await skills.publish('A skill', next));
      expect(published).toEqual(['published', 'unchanged', 'published', 'published']);
      expect(await latest(first.skillId)).toMatchObject({ id: first.id });
      const { items } = await skills.listVersions('w1', first.skillId, { limit: 10, after: null });
      expect(items).toHaveLength(2);
      const fresh = version({ skillId: newId('skill') });
      const results = await Promise.all([1, 2, 3, 4].map(async () => skills.publish('A skill', fresh)));
      expect(results.toSorted()).toEqual(['published', 'unchanged', 'unchanged', 'unchanged']);
    });

    it('finds many at once, in order, with null for what is not there', async () => {
      const first = version();
      await skills.create('A skill', first);
      const second = version({ skillId: first.skillId });
      await skills.addVersion(second);
      const other = version({ workspaceId: 'w2' });
      await skills.create('Other', other);
      const found = await skills.find([
        { workspaceId: 'w2', skillId: other.skillId, versionId: null },
        { workspaceId: 'w1', skillId: other.skillId, versionId: null },
        { workspaceId: 'w1', skillId: first.skillId, versionId: first.id },
        { workspaceId: 'w1', skillId: first.skillId, versionId: other.id },
        { workspaceId: 'w1', skillId: first.skillId, versionId: null },
        { workspaceId: 'w1', skillId: first.skillId, versionId: null },
      ]);
      expect(found.map((item) => item?.id ?? null)).toEqual([
        other.id,
        null,
        first.id,
        null,
        second.id,
        second.id,
      ]);
      expect(await skills.find([])).toEqual([]);
    });

    it('lists in pages, newest first, without those of other workspaces', async () => {
      const made: string[] = [];
      for (let index = 0; index < 5; index++) {
        const next = version({ workspaceId: index % 2 === 0 ? 'l1' : 'l2' });
        await skills.create(`${index}`, next);
        made.unshift(next.skillId);
      }
      await skills.create('Other', version({ workspaceId: 'l3' }));
      const seen: string[] = [];
      let after: Parameters<SkillStore['list']>[1]['after'] = null;
      do {
        const page: Awaited<ReturnType<SkillStore['list']>> = await skills.list(['l1', 'l2'], {
          limit: 2,
          after,
        });
        expect(page.items.length).toBeLessThanOrEqual(2);
        seen.push(...page.items.map(({ id }) => id));
        after = page.next;
      } while (after);
      expect(seen.toSorted()).toEqual(made.toSorted());
    });

    it('deletes versions but the last, and points to the newest that remains', async () => {
      const first = version();
      await skills.create('A skill', first);
      const second = version({ skillId: first.skillId });
      await skills.addVersion(second);
      expect(await skills.deleteVersion('w2', first.skillId, second.id)).toBe(false);
      expect(await skills.deleteVersion('w1', first.skillId, second.id)).toBe(true);
      expect(await skills.deleteVersion('w1', first.skillId, second.id)).toBe(false);
      expect(await latest(first.skillId)).toMatchObject({ id: first.id });
      await expect(skills.deleteVersion('w1', first.skillId, first.id)).rejects.toMatchObject({
        code: 'invalid_request',
      });
    });

    it('deletes a skill with its versions, once, and only in its workspace', async () => {
      const first = version();
      await skills.create('A skill', first);
      expect(await skills.delete('w2', first.skillId)).toBe(false);
      expect(await skills.delete('w1', first.skillId)).toBe(true);
      expect(await skills.delete('w1', first.skillId)).toBe(false);
      expect(await skills.get('w1', first.skillId)).toBeNull();
      expect(await latest(first.skillId)).toBeNull();
    });
  });
}
