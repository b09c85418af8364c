import { expect, it } from 'vitest';
import { judgeDecoder } from './judge-decoder.ts';

it.each([
  [null, 'ok', /found out/],
  [{ isolation: 'bubblewrap', detail: 'By bubblewrap.' }, 'ok', /^By bubblewrap\.$/],
  [{ isolation: 'none', detail: 'Images cannot be read: no room.' }, 'degraded', /no room.*tried again/],
] as const)('a decoder of which is known %j is %s', (found, state, detail) => {
  expect(judgeDecoder(found)).toEqual({ state, detail: expect.stringMatching(detail) as string });
});
