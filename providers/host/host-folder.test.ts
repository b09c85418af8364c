import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHostFolder } from './host-folder.ts';

describe('the folder of a host', () => {
  let dataFolder: string;
  beforeEach(() => {
    dataFolder = mkdtempSync(join(tmpdir(), 'host-folder-'));
  });
  afterEach(() => rmSync(dataFolder, { recursive: true, force: true }));

  it('names the host, always the same, for every process; another folder is another host', () => {
    const { id } = openHostFolder(dataFolder);
    expect(id).toMatch(/^host_[0-9a-f]{20}$/);
    expect(openHostFolder(dataFolder).id).toBe(id);
    expect(openHostFolder(join(dataFolder, 'other')).id).not.toBe(id);
  });
  it('remembers placements and notes of sessions until they are forgotten', () => {
    const host = openHostFolder(dataFolder);
    host.setPlacement('sesn_1', 'one');
    host.setPlacement('sesn_1', 'two');
    host.note('sesn_1', 'unsaved');
    const again = openHostFolder(dataFolder);
    expect(again.placementOf('sesn_1')).toBe('two');
    expect(again.placements()).toEqual(new Map([['sesn_1', 'two']]));
    expect(again.noted('unsaved', 0)).toEqual(['sesn_1']);
    expect(again.noted('unsaved', 60_000)).toEqual([]);
    expect(again.hasNote('sesn_1', 'too_large')).toBe(false);
    again.forget('sesn_1');
    expect([host.placementOf('sesn_1'), host.noted('unsaved', 0)]).toEqual([undefined, []]);
  });
  it('takes no name that leads elsewhere', () => {
    const host = openHostFolder(dataFolder);
    for (const name of ['../id', 'a/b', '', '.'])
      expect(() => host.setPlacement(name, 'x')).toThrow(RangeError);
  });
});
