import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../errors.ts';
import { createPackageGate } from './package-gate.ts';
import { packagePath } from './package-path.ts';
import { toSkillPackage, type SkillFile } from './skill-package.ts';

const DOCUMENT = '---\nname: a-skill\ndescription: Does things.\n---\nDo it.\n';
const file = (path: string, content: string | Uint8Array = DOCUMENT): SkillFile => ({
  path,
  bytes: typeof content === 'string' ? new TextEncoder().encode(content) : content,
  executable: false,
});

describe('packagePath', () => {
  it('gives only paths that lie in the package, and never throws anything but a refusal', () => {
    const part = fc.constantFrom('..', '.', '', 'a', 'C:', '\\', '\0', 'ü', '...', '~', ' ', '\ud800');
    const path = fc.array(part, { maxLength: 8 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.oneof(path, fc.string({ unit: 'binary' })), (text) => {
        try {
          const parts = packagePath(text);
          expect(parts.every((name) => name !== '' && name !== '.' && name !== '..')).toBe(true);
          expect(parts.join('/')).not.toMatch(/^\/|\\|\0|^[A-Za-z]:/);
        } catch (error) {
          if (!isAppError(error) || error.code !== 'invalid_request') throw error;
        }
      }),
    );
  });
});

describe('a package gate', () => {
  it('lets no two paths through that one file system could take for the same', () => {
    const path = fc.array(fc.constantFrom('a', 'A', 'b', 'é', 'e\u0301', 'É'), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(path, { maxLength: 12 }), (paths) => {
        const gate = createPackageGate();
        const passed: string[] = [];
        for (const parts of paths) {
          try {
            passed.push(gate.file(parts.join('/')) ?? '');
          } catch (error) {
            if (!isAppError(error)) throw error;
          }
        }
        const folded = passed.map((text) => text.normalize('NFKC').toLowerCase());
        expect(new Set(folded).size).toBe(folded.length);
      }),
    );
  });
});

describe('toSkillPackage', () => {
  it('finds SKILL.md at the top, or in the one folder there', () => {
    for (const files of [
      [file('scripts/a.py', 'x'), file('SKILL.md')],
      [file('any-name/scripts/a.py', 'x'), file('any-name/SKILL.md')],
    ]) {
      expect(toSkillPackage(files).files.map(({ path }) => path)).toEqual(['SKILL.md', 'scripts/a.py']);
    }
  });

  it('says what it found where there is no SKILL.md', () => {
    expect(() => toSkillPackage([])).toThrow(/holds no files/);
    expect(() => toSkillPackage([file('README.md')])).toThrow(/the upload holds none/);
    expect(() => toSkillPackage([file('skill.md')])).toThrow(/spelled so.*"skill.md"/);
    expect(() => toSkillPackage([file('a/b/SKILL.md')])).toThrow(/in the one folder.*"a\/b\/SKILL.md"/);
    expect(() => toSkillPackage([file('a/SKILL.md'), file('b/x')])).toThrow(/"a\/SKILL.md"/);
  });

  it('makes files executable that name their interpreter', () => {
    const { files } = toSkillPackage([file('SKILL.md'), file('run', '#!/bin/sh\n'), file('data', 'x')]);
    expect(files.map(({ path, executable }) => [path, executable])).toEqual([
      ['SKILL.md', false],
      ['data', false],
      ['run', true],
    ]);
  });

  it('refuses a SKILL.md that is no text or too long', () => {
    expect(() => toSkillPackage([file('SKILL.md', new Uint8Array([0xff, 0xfe]))])).toThrow(/not valid UTF-8/);
    expect(() => toSkillPackage([file('SKILL.md', new Uint8Array(262_145))])).toThrow(/has 262145 bytes/);
  });
});
