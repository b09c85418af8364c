import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BUILT_IN_WORKSPACE } from '../../core/skills/skill-id.ts';
import { AppError } from '../../core/errors.ts';
import { createInMemoryBlobStore } from '../blob/in-memory.ts';
import { createInMemorySkills } from '../store/in-memory/skills.ts';
import { createBuiltInSkills } from './built-in-skills.ts';

describe('built-in skills', () => {
  let folder: string;
  let clock = 0;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'built-in-skills-'));
  });
  afterEach(async () => rm(folder, { recursive: true }));

  /** Writes a skill; each writing has a later time than the one before, as it has when people write. */
  async function write(name: string, body: string, itsName = name): Promise<void> {
    await mkdir(path.join(folder, name, 'scripts'), { recursive: true });
    await writeFile(path.join(folder, name, 'scripts/run.py'), 'print(1)\n');
    const place = path.join(folder, name, 'SKILL.md');
    await writeFile(
      place,
      `---\nname: ${itsName}\ndescription: Does.\nmetadata: {title: A title}\n---\n${body}\n`,
    );
    clock += 10;
    await utimes(place, clock, clock);
  }

  function open() {
    const published: string[] = [];
    const problems: string[] = [];
    const skills = createInMemorySkills(() => (clock += 1));
    const blobs = createInMemoryBlobStore();
    const parts = {
      folder,
      skills,
      blobs,
      onPublished: (name: string) => published.push(name),
      onProblem: (message: string, error: unknown) => problems.push(`${message}: ${String(error)}`),
    };
    const latest = async (name: string) =>
      (await skills.find([{ workspaceId: BUILT_IN_WORKSPACE, skillId: name, versionId: null }]))[0] ?? null;
    return { builtIn: createBuiltInSkills(parts), parts, skills, blobs, published, problems, latest };
  }

  it('are published once, and again when their folder changes', async () => {
    const { builtIn, published, latest, skills, blobs } = open();
    await write('one', 'First.');
    await write('two', 'First.');
    await builtIn.refresh();
    await builtIn.refresh();
    expect(published).toEqual(['one', 'two']);
    const first = await latest('one');
    expect(first?.id).toBe(`skver_${first?.contentHash.slice(0, 32)}`);
    expect((await skills.get(BUILT_IN_WORKSPACE, 'one'))?.displayName).toBe('A title');
    await write('one', 'Second.');
    await builtIn.refresh();
    expect(published).toEqual(['one', 'two', 'one']);
    const second = await latest('one');
    expect(second?.id).not.toBe(first?.id);
    const text = await blobs.get(BUILT_IN_WORKSPACE, second?.documentSha256 ?? '');
    expect(new TextDecoder().decode(text)).toContain('Second.');
    await chmod(path.join(folder, 'one/scripts/run.py'), 0o755);
    await builtIn.refresh();
    expect((await latest('one'))?.id).not.toBe(second?.id);
    await chmod(path.join(folder, 'one/scripts/run.py'), 0o644);
    await write('one', 'First.');
    await builtIn.refresh();
    expect((await latest('one'))?.id).toBe(first?.id);
  });

  it('go when their folder goes, also while the server was down', async () => {
    const { builtIn, parts, latest } = open();
    await write('one', 'x');
    await write('two', 'x');
    await write('three', 'x');
    await builtIn.refresh();
    await rm(path.join(folder, 'one'), { recursive: true });
    await builtIn.refresh();
    expect(await latest('one')).toBeNull();
    await rm(path.join(folder, 'two'), { recursive: true });
    await createBuiltInSkills(parts).refresh();
    expect(await latest('two')).toBeNull();
    expect(await latest('three')).not.toBeNull();
  });

  it('keep their last version while their folder is wrong, and say so once', async () => {
    const { builtIn, problems, latest } = open();
    await write('one', 'Good.');
    await builtIn.refresh();
    const good = await latest('one');
    await write('one', 'Bad.', 'Bad Name');
    await builtIn.refresh();
    await builtIn.refresh();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/one is not published.*line 2: "name" must be lower-case/);
    await write('one', 'Bad.', 'other');
    await builtIn.refresh();
    expect(problems[1]).toMatch(/the folder is called "one"/);
    await symlink('/etc/passwd', path.join(folder, 'one/link'));
    await builtIn.refresh();
    expect(problems[2]).toMatch(/"link" is neither a file nor a folder/);
    expect(await latest('one')).toEqual(good);
  });

  it('are published later when the store does not answer at first', async () => {
    const { parts, latest } = open();
    await write('one', 'x');
    let down = true;
    const builtIn = createBuiltInSkills({
      ...parts,
      skills: {
        ...parts.skills,
        publish: async (...args) => {
          if (down) throw new AppError('unavailable', 'down');
          return parts.skills.publish(...args);
        },
      },
    });
    await expect(builtIn.refresh()).rejects.toMatchObject({ code: 'unavailable' });
    down = false;
    await builtIn.refresh();
    expect(await latest('one')).not.toBeNull();
  });

  it('are not removed when the whole folder cannot be read', async () => {
    const { builtIn, parts, latest } = open();
    await write('one', 'x');
    await builtIn.refresh();
    await expect(
      createBuiltInSkills({ ...parts, folder: path.join(folder, 'elsewhere') }).refresh(),
    ).rejects.toThrow(/ENOENT/);
    expect(await latest('one')).not.toBeNull();
  });

  it('look at the folder by themselves until they are stopped', async () => {
    const { builtIn, latest } = open();
    await write('one', 'x');
    const stop = builtIn.start();
    await expect.poll(async () => latest('one'), { timeout: 10_000 }).not.toBeNull();
    stop();
  });
});
