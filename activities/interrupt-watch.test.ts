import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createInMemoryBus } from '../providers/bus/in-memory.ts';
import { createInterruptWatch } from './interrupt-watch.ts';

describe('the interrupt watch', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => vi.useRealTimers());

  function aWatch() {
    const bus = createInMemoryBus();
    const queued = new Map<string, number>();
    const asked: string[][] = [];
    const errors: unknown[] = [];
    const state = { broken: false };
    const watch = createInterruptWatch({
      bus,
      newest: async (sessions) => {
        asked.push([...sessions]);
        if (state.broken) throw new Error('no database');
        return new Map([...queued].filter(([id]) => sessions.includes(id)));
      },
      onError: (error) => errors.push(error),
    });
    return { bus, queued, asked, errors, state, watch };
  }

  it('tells at once what the bus says, and only of interrupts that are newer', async () => {
    const { bus, watch } = aWatch();
    const told: number[] = [];
    watch.watch('s', 5, (arrival) => told.push(arrival));
    bus.publish({ type: 'interrupt', sessionId: 's', arrival: 5 });
    bus.publish({ type: 'interrupt', sessionId: 'other', arrival: 9 });
    await bus.flush();
    expect(told).toEqual([]);
    bus.publish({ type: 'interrupt', sessionId: 's', arrival: 6 });
    bus.publish({ type: 'interrupt', sessionId: 's', arrival: 7 });
    await bus.flush();
    expect(told).toEqual([6]);
  });

  it('finds an interrupt whose poke was lost with the next question, asked for all sessions at once', async () => {
    const { queued, asked, watch } = aWatch();
    const told: string[] = [];
    watch.watch('a', 0, () => told.push('a'));
    watch.watch('b', 0, () => told.push('b'));
    queued.set('b', 3);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual(['b']);
    expect(asked).toEqual([['a', 'b']]);
  });

  it('asks nothing while nothing runs, and goes on after a question that failed', async () => {
    const { queued, asked, errors, state, watch } = aWatch();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(asked).toEqual([]);
    const told: number[] = [];
    const stop = watch.watch('s', 0, (arrival) => told.push(arrival));
    state.broken = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(errors).toHaveLength(1);
    state.broken = false;
    queued.set('s', 1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([1]);
    stop();
    watch.watch('s', 0, () => told.push(99))();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toEqual([1]);
  });
});
