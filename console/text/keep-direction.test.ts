import { expect, it } from 'vitest';
import { keepDirection } from './keep-direction.ts';

it('shows what would turn the direction of a text, and leaves the rest alone', () => {
  expect(keepDirection('a\u202egpj.exe\u202c')).toBe('a[U+202E]gpj.exe[U+202C]');
  expect(keepDirection('שלום 👩\u200d💻')).toBe('שלום 👩\u200d💻');
});
