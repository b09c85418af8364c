import { describe, expect, it } from 'vitest';
import { isBase64 } from '../base64.ts';
import { sameJson } from '../same-json.ts';
import { Metadata, patchMetadata } from './metadata.ts';
import { queryInteger, queryList, QueryBoolean } from './query.ts';
import { TimeFilter } from './time.ts';
import { HostDomains, SearchDomains } from './web-domains.ts';
import { z } from 'zod';

const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;

describe('domains', () => {
  it.each(['example.com', 'docs.example.com', 'xn--bcher-kva.example', 'a-b.co'])('take %s', (domain) => {
    expect(accepts(HostDomains, [domain])).toBe(true);
    expect(accepts(SearchDomains, [`${domain}/path`])).toBe(true);
  });

  it.each([
    'https://example.com',
    'example.com:443',
    '*.example.com',
    'example.com/path',
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '::1',
    'localhost',
    'a.localhost',
    'printer.local',
    'db.internal',
    'com',
    'bücher.example',
    '-a.example',
    'a..example',
    '',
    `${'a'.repeat(64)}.example`,
  ])('refuse %s', (domain) => {
    expect(accepts(HostDomains, [domain])).toBe(false);
  });

  it('are a bounded list without doubles', () => {
    expect(accepts(HostDomains, [])).toBe(false);
    expect(accepts(HostDomains, ['a.example', 'A.example'])).toBe(false);
    expect(
      accepts(
        HostDomains,
        Array.from({ length: 65 }, (_, index) => `a${index}.example`),
      ),
    ).toBe(false);
    expect(accepts(SearchDomains, ['a.example/x?y'])).toBe(false);
  });
});

describe('query parameters', () => {
  it('are read from their text', () => {
    expect(queryInteger(1, 100).parse('20')).toBe(20);
    for (const text of ['0', '101', '1.5', '1e1', ' 1', '0x1', 'NaN', '99999999999999999999']) {
      expect(accepts(queryInteger(1, 100), text)).toBe(false);
    }
    expect([QueryBoolean.parse('true'), QueryBoolean.parse('false')]).toEqual([true, false]);
    expect(accepts(QueryBoolean, '1')).toBe(false);
    expect(queryList(z.enum(['a', 'b']), 2).parse('a')).toEqual(['a']);
    expect(TimeFilter.parse('2026-01-31T12:00:00+02:00')).toBe(Date.UTC(2026, 0, 31, 10));
    for (const text of ['2026-01-31', '2026-02-30T00:00:00Z', 'yesterday'])
      expect(accepts(TimeFilter, text)).toBe(false);
  });
});

describe('metadata', () => {
  it('is bounded, and stays so under patches', () => {
    const full = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v']));
    expect(accepts(Metadata, full)).toBe(true);
    expect(accepts(Metadata, { ...full, more: 'v' })).toBe(false);
    expect(accepts(Metadata, { ['k'.repeat(65)]: 'v' })).toBe(false);
    expect(accepts(Metadata, { k: 'v'.repeat(513) })).toBe(false);
    expect(() => patchMetadata(full, { more: 'v' })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
    expect(Object.keys(patchMetadata(full, { more: 'v', k0: null }))).toHaveLength(16);
  });

  it('may have keys that objects have themselves', () => {
    expect(patchMetadata({}, { constructor: 'x', toString: 'y' })).toEqual({
      constructor: 'x',
      toString: 'y',
    });
  });
});

describe('values', () => {
  it('are base64 or not', () => {
    for (const text of ['', 'QQ==', 'QUI=', 'QUJD', '+/+/']) expect(isBase64(text)).toBe(true);
    for (const text of ['Q', 'QQ=', 'QQ=A', '====', 'QU JD', 'QU-_', 'QUJ\n'])
      expect(isBase64(text)).toBe(false);
    expect(isBase64(Buffer.alloc(6_000_000, 7).toString('base64'))).toBe(true);
  });

  it('are the same JSON or not', () => {
    expect(sameJson({ a: [1, { b: null }], c: 'x' }, { c: 'x', a: [1, { b: null }] })).toBe(true);
    for (const [first, second] of [
      [{ a: 1 }, { a: 1, b: undefined }],
      [
        [1, 2],
        [2, 1],
      ],
      [{}, []],
      [null, {}],
      [{ a: undefined }, { b: undefined }],
    ]) {
      expect(sameJson(first, second)).toBe(false);
    }
  });
});
