import { expect, it } from 'vitest';
import { HandedBack } from '../../core/handed-back.ts';
import { createGate } from './gate.ts';
import { createWaitingRoom } from './waiting-room.ts';

it('lets any number in that do not wait, and so many wait at all gates together', () => {
  const room = createWaitingRoom(2);
  const [small, large] = [createGate(1), createGate(3)];
  const leave = room.reserve(small);
  for (let count = 0; count < 3; count++) room.reserve(large);
  room.reserve(small);
  room.reserve(large);
  for (const gate of [small, large]) expect(() => room.reserve(gate)).toThrow(HandedBack);
  leave();
  const last = room.reserve(large);
  for (const gate of [small, large]) expect(() => room.reserve(gate)).toThrow(HandedBack);
  last();
  room.reserve(small);
  expect(() => room.reserve(large)).toThrow(HandedBack);
});
