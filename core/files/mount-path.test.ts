import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileNameOf } from './file-name.ts';
import { mountPathOf, overlap, samePlace } from './mount-path.ts';

describe('the place of a file', () => {
  it.each([
    [undefined, '/mnt/session/uploads/file_1'],
    ['data.csv', '/uploads/data.csv'],
    ['./data.csv', '/uploads/data.csv'],
    ['a/b/data.csv', '/uploads/a/b/data.csv'],
    ['/data.csv', '/mnt/session/uploads/data.csv'],
    ['/mnt/session/uploads/x', '/mnt/session/uploads/x'],
    ['/uploads/x', '/uploads/x'],
    ['/workspace/x', '/workspace/x'],
    ['//workspace/x', '/workspace/x'],
    ['/workspace', '/mnt/session/uploads/workspace'],
    ['/etc/passwd', '/mnt/session/uploads/etc/passwd'],
  ])('of %s is %s', (given, expected) => {
    expect(mountPathOf(given, 'file_1', 'mount_path')).toBe(expected);
  });

  it('never leaves the folders for files, whatever the path', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .array(fc.constantFrom('..', '.', '', 'a', '/', 'uploads', 'workspace'))
            .map((parts) => parts.join('/')),
        ),
        (path) => {
          let place: string;
          try {
            place = mountPathOf(path, 'file_1', 'mount_path');
          } catch (error) {
            expect(error).toMatchObject({ code: 'invalid_request' });
            return;
          }
          expect(place).toMatch(/^\/(mnt\/session\/uploads|uploads|workspace)\/[^/]/);
          expect(place.split('/').slice(1)).not.toContain('..');
          expect(place.split('/').slice(1)).not.toContain('');
        },
      ),
    );
  });

  it('has two names below the uploads folder', () => {
    expect(samePlace('/uploads/a', '/mnt/session/uploads/a')).toBe(true);
    expect(samePlace('/uploads/a', '/workspace/a')).toBe(false);
    expect(overlap('/uploads/a', '/mnt/session/uploads/a/b')).toBe(true);
    expect(overlap('/uploads/a', '/mnt/session/uploads/ab')).toBe(false);
  });
});

describe('the name of a file', () => {
  it('is the last part of what was sent', () => {
    expect(fileNameOf('a/b/c.txt', null)).toBe('c.txt');
    expect(fileNameOf('C:\\x\\c.txt', null)).toBe('c.txt');
    expect(fileNameOf('', 'png')).toBe('unnamed.png');
    expect(fileNameOf(null, null)).toBe('unnamed');
    expect(fileNameOf('a/..', 'html')).toBe('unnamed.html');
  });

  it.each(['a?', 'a"b', 'a|b', 'a\nb', 'a\u0000b', 'a'.repeat(256), '\ud800'])('is refused as %j', (name) => {
    expect(() => fileNameOf(name, null)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
