import { expect, it } from 'vitest';
import type { SessionEvent } from '../service/wire.ts';
import { skillNoteOf } from './skill-note-of.ts';

const message = (skill?: unknown) =>
  ({ id: 'm', type: 'user.message', content: [], ...(skill === undefined ? {} : { skill }) }) as SessionEvent;

it('tells which skill a message activated, or which one was probably meant', () => {
  expect(skillNoteOf(message({ activated: 'pdf', version: 'v1' }))).toBe('The skill pdf is in use.');
  expect(skillNoteOf(message({ unknown: 'pdff', suggestion: 'pdf' }))).toBe(
    'There is no skill pdff in this session; did you mean /pdf?',
  );
  expect(skillNoteOf(message({ unknown: 'x', suggestion: null }))).toBe(
    'There is no skill x in this session',
  );
  for (const none of [undefined, null, 'x', {}]) expect(skillNoteOf(message(none))).toBeNull();
});
