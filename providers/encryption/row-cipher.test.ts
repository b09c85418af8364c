import { describe, expect, it } from 'vitest';
import type { Json } from '../../core/json.ts';
import { createKeyRing } from './key-ring.ts';
import { createRowCipher, PLAIN_ROWS, type RowPlace } from './row-cipher.ts';

const OLD = { id: 'old', key: Buffer.alloc(32, 1) };
const NEW = { id: 'new', key: Buffer.alloc(32, 2) };
const PLACE: RowPlace = { workspaceId: 'w', sessionId: 's', rowId: 'e', column: 'body' };
const rotated = createRowCipher(createKeyRing([NEW, OLD]));
const old = createRowCipher(createKeyRing([OLD]));

const VALUES: Json[] = [
  { text: 'canary', nested: [1, null, { a: '\u0000\ud800' }] },
  'canary',
  null,
  { $enc: { k: 'canary', d: '' } },
  { $enc: { p: 'canary' } },
];

describe('a row cipher', () => {
  it('gives every value back and stores nothing of it in the clear', () => {
    for (const value of VALUES) {
      const stored = old.seal(value, PLACE);
      expect(JSON.stringify(stored)).not.toContain('canary');
      expect(stored).toEqual({ $enc: { k: 'old', d: expect.any(String) as string } });
      expect(old.open(stored, PLACE)).toEqual(value);
    }
    const text = old.sealText('canary', { ...PLACE, column: 'label' });
    expect(text).not.toContain('canary');
    expect(old.openText(text, { ...PLACE, column: 'label' })).toBe('canary');
  });

  it('reads with every key, writes with the first, and names a key that is missing', () => {
    const stored = old.seal('secret', PLACE);
    expect(rotated.open(stored, PLACE)).toBe('secret');
    expect(rotated.seal('secret', PLACE)).toMatchObject({ $enc: { k: 'new' } });
    expect(() => createRowCipher(createKeyRing([NEW])).open(stored, PLACE)).toThrow(
      expect.objectContaining({ code: 'key_missing', message: expect.stringContaining('"old"') as string }),
    );
    expect(() => PLAIN_ROWS.open(stored, PLACE)).toThrow(expect.objectContaining({ code: 'key_missing' }));
  });

  it('refuses a value that lies in another row, column, session or workspace', () => {
    const stored = old.seal('secret', PLACE);
    const places: Partial<RowPlace>[] = [
      { rowId: 'f' },
      { column: 'detail' },
      { sessionId: 't' },
      { workspaceId: 'v' },
    ];
    for (const elsewhere of places) {
      expect(() => old.open(stored, { ...PLACE, ...elsewhere })).toThrow(
        expect.objectContaining({ code: 'undecryptable' }),
      );
    }
  });

  it('leaves values as they are without keys, also those that look encrypted', () => {
    for (const value of VALUES) expect(PLAIN_ROWS.open(PLAIN_ROWS.seal(value, PLACE), PLACE)).toEqual(value);
    expect(PLAIN_ROWS.seal({ text: 'plain' }, PLACE)).toEqual({ text: 'plain' });
    for (const text of ['plain', '{"$enc":', '{"$enc":{"k":"x","d":"y"}}']) {
      expect(PLAIN_ROWS.openText(PLAIN_ROWS.sealText(text, PLACE), PLACE)).toBe(text);
    }
    expect(old.open({ text: 'plain' }, PLACE)).toEqual({ text: 'plain' });
  });
});
