import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { createClaims } from './claims.ts';

describe('claims', () => {
  const folder = mkdtempSync(join(tmpdir(), 'claims-'));
  const claims = createClaims(join(folder, 'claims'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are decided once, by whoever comes first', () => {
    expect(claims.decide('one', 'start')).toEqual({ standing: 'start', isNew: true });
    expect(claims.decide('one', 'abandoned')).toEqual({ standing: 'start', isNew: false });
    expect(claims.decide('two', 'abandoned')).toEqual({ standing: 'abandoned', isNew: true });
    expect(createClaims(join(folder, 'claims')).decide('two', 'start')).toEqual({
      standing: 'abandoned',
      isNew: false,
    });
  });
  it('are open while they are announced and nothing is decided', () => {
    claims.announce('three');
    expect(claims.isAnnounced('three')).toBe(true);
    claims.decide('three', 'start');
    claims.announce('three');
    expect(claims.isAnnounced('three')).toBe(false);
    expect(claims.isAnnounced('four')).toBe(false);
  });
  it('remember where a start was sent first, unless it did nothing there', () => {
    expect(claims.sendTo('one', 'here')).toEqual({ place: 'here', isNew: true });
    expect(claims.sendTo('one', 'there')).toEqual({ place: 'here', isNew: false });
    claims.notSent('one');
    expect(claims.sendTo('one', 'there')).toEqual({ place: 'there', isNew: true });
  });
  it('refuse ids that could name another file', () => {
    for (const id of ['', '.', '..', 'a/b', 'a.abandoned', 'x'.repeat(129), 'é']) {
      expect(() => claims.decide(id, 'start')).toThrow(RangeError);
    }
  });
});
