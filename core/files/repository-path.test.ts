import { describe, expect, it } from 'vitest';
import { isAppError } from '../errors.ts';
import { overlap } from './mount-path.ts';
import { repositoryPathOf } from './repository-path.ts';

const URL = 'https://github.com/octo/hello.js';
const at = (path?: string | null): string => repositoryPathOf(path, URL, 'mount_path');

describe('the path of a repository', () => {
  it('is its name below the workspace, or what was given, always below the workspace', () => {
    expect(at()).toBe('/workspace/hello.js');
    expect(at(null)).toBe('/workspace/hello.js');
    expect(at('/workspace/a/b')).toBe('/workspace/a/b');
    expect(at('/workspace/a/')).toBe('/workspace/a');
    expect(at('a')).toBe('/workspace/a');
    expect(at('/repo')).toBe('/workspace/repo');
  });
  it.each(['/', '/workspace', '/workspace/', '..', '/workspace/../etc', 'a//b', './a', 'a\nb'])(
    'is refused as %j',
    (path) => {
      expect(() => at(path)).toThrow(
        expect.toSatisfy((error) => isAppError(error) && error.code === 'invalid_request'),
      );
    },
  );
  it('overlaps with what lies in it and what it lies in', () => {
    expect(overlap('/workspace/a', '/workspace/a/b')).toBe(true);
    expect(overlap('/workspace/a/b', '/workspace/a')).toBe(true);
    expect(overlap('/workspace/a', '/workspace/ab')).toBe(false);
  });
});
