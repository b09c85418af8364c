import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createPace } from './pace.ts';

/** A sandbox whose calls and background processes can be set, and a watch of it that counts its looks. */
function scene() {
  const sandbox = { calls: 0, background: false, searches: 0 };
  const pace = createPace({
    runningCount: () => sandbox.calls,
    hasBackground: () => {
      sandbox.searches++;
      return sandbox.background;
    },
  });
  let looks = 0;
  const watch = async (): Promise<never> => {
    for (;;) {
      await pace.pause(100);
      looks++;
    }
  };
  void watch();
  const looksIn = async (milliseconds: number): Promise<number> => {
    const before = looks;
    await vi.advanceTimersByTimeAsync(milliseconds);
    return looks - before;
  };
  return { sandbox, pace, looksIn };
}

describe('the pace of watches', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is once in ten seconds in a sandbox at rest', async () => {
    const { sandbox, looksIn } = scene();
    expect(await looksIn(60_500)).toBe(6);
    expect(sandbox.searches).toBeLessThanOrEqual(7);
  });

  it('is as asked for from the moment at which a call begins', async () => {
    const { sandbox, pace, looksIn } = scene();
    await looksIn(5_000);
    sandbox.calls = 1;
    pace.stir();
    expect(await looksIn(1_000)).toBe(11);
  });

  it('is as asked for while something runs in the background, which is not looked for each time', async () => {
    const { sandbox, pace, looksIn } = scene();
    sandbox.calls = 1;
    pace.stir();
    await looksIn(1_000);
    Object.assign(sandbox, { calls: 0, background: true, searches: 0 });
    expect(await looksIn(10_000)).toBe(100);
    expect(sandbox.searches).toBeLessThanOrEqual(11);
    sandbox.background = false;
    await looksIn(1_100);
    expect(await looksIn(30_000)).toBeLessThanOrEqual(3);
  });
});
