import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { placesOf } from './places.ts';

it('gives a data folder the same places by whichever path it is named', () => {
  const root = mkdtempSync(join(tmpdir(), 'places-'));
  const uid = process.getuid?.() ?? 0;
  const made = new Set<string>();
  try {
    const [data, link] = [join(root, 'data'), join(root, 'link')];
    mkdirSync(data);
    symlinkSync(data, link);
    const [first, second] = [link, data].map((path) => placesOf(path, uid));
    for (const places of [first, second]) if (places) made.add(places.sockets);
    expect(first).toEqual(second);
  } finally {
    for (const folder of [root, ...made]) rmSync(folder, { recursive: true });
  }
});
