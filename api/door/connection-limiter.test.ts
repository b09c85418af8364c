import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createConnectionLimiter } from './connection-limiter.ts';

function connection(remoteAddress: string) {
  const socket = Object.assign(new EventEmitter(), { remoteAddress, isOpen: true, destroy: () => undefined });
  const close = () => {
    if (!socket.isOpen) return;
    socket.isOpen = false;
    socket.emit('close');
  };
  return Object.assign(socket, { destroy: close }) as unknown as Socket & { isOpen: boolean };
}

describe('connections without a key', () => {
  it('are so many for each address, and the oldest makes room for a new one', () => {
    const limiter = createConnectionLimiter(2);
    const [first, second, third, other] = [
      '203.0.113.1',
      '203.0.113.1',
      '::ffff:203.0.113.1',
      '203.0.113.2',
    ].map(connection);
    for (const socket of [first, second, third, other]) if (socket) limiter.opened(socket);
    expect([first, second, third, other].map((socket) => socket?.isOpen)).toEqual([false, true, true, true]);
  });

  it('count together within a network of IPv6', () => {
    const limiter = createConnectionLimiter(1);
    const [first, second] = [connection('2001:db8::1'), connection('2001:db8::2')];
    limiter.opened(first);
    limiter.opened(second);
    expect([first.isOpen, second.isOpen]).toEqual([false, true]);
  });

  it('count no longer once a key has come, or they are closed', () => {
    const limiter = createConnectionLimiter(1);
    const [known, closed, last] = [1, 2, 3].map(() => connection('203.0.113.1')) as [
      ReturnType<typeof connection>,
      ReturnType<typeof connection>,
      ReturnType<typeof connection>,
    ];
    limiter.opened(known);
    limiter.known(known);
    limiter.known(known);
    limiter.opened(closed);
    closed.destroy();
    limiter.opened(last);
    expect([known.isOpen, last.isOpen]).toEqual([true, true]);
  });

  it('are not counted for a proxy, which has many clients', () => {
    const limiter = createConnectionLimiter(1, (address) => address === '127.0.0.1');
    const [first, second] = [connection('127.0.0.1'), connection('127.0.0.1')];
    limiter.opened(first);
    limiter.opened(second);
    expect(first.isOpen).toBe(true);
  });
});
