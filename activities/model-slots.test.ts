import { expect, it } from 'vitest';
import { HandedBack } from '../core/handed-back.ts';
import { createModelSlots } from './model-slots.ts';

it('keeps the last tenth of the slots for workspaces that have less than that themselves', () => {
  const slots = createModelSlots(20);
  const leaves = Array.from({ length: 18 }, () => slots.enter('noisy'));
  expect(() => slots.enter('noisy')).toThrow(HandedBack);
  const other = slots.enter('other');
  slots.enter('other');
  expect(() => slots.enter('other')).toThrow(HandedBack);
  other();
  slots.enter('other');
  for (const leave of leaves.slice(0, 3)) leave();
  slots.enter('noisy');
  expect(() => slots.enter('noisy')).toThrow(HandedBack);
});

it('keeps none where there are few', () => {
  const slots = createModelSlots(9);
  for (let held = 0; held < 9; held++) slots.enter('only');
});
