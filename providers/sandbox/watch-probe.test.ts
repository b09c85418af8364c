import { describe, expect, it } from 'vitest';
import type { SandboxProbe } from './sandbox.ts';
import { watchProbe } from './watch-probe.ts';

const good: SandboxProbe = { ok: true, isolation: 'namespace', limits: ['Memory: bounded.'] };
const bad: SandboxProbe = { ok: false, isolation: 'namespace', limits: [], why: 'bwrap is missing.' };

function watch(answers: (SandboxProbe | Error)[]) {
  const told: boolean[] = [];
  let time = 1_000;
  let asked = 0;
  const probe = watchProbe(
    {
      probe: async () => {
        const answer = answers[Math.min(asked++, answers.length - 1)] ?? good;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    () => time,
  );
  probe.onProbe(({ ok }) => told.push(ok));
  return { probe, told, pass: (milliseconds: number) => (time += milliseconds) };
}

describe('the probe of a host', () => {
  it('lets calls pass where sandboxes can be started, and asks once', async () => {
    const { probe, told, pass } = watch([good]);
    expect(await probe.problem()).toBeUndefined();
    pass(1_000_000);
    expect(await probe.problem()).toBeUndefined();
    expect(told).toEqual([true]);
    const late: SandboxProbe[] = [];
    probe.onProbe((answer) => late.push(answer));
    expect(late).toEqual([good]);
  });

  it('refuses calls with the reason, and looks again after a while', async () => {
    const { probe, told, pass } = watch([bad, good]);
    const why = 'This host cannot run sandboxes. bwrap is missing.';
    expect(await probe.problem()).toBe(why);
    pass(10_000);
    expect(await probe.problem()).toBe(why);
    expect(told).toEqual([false]);
    pass(30_000);
    expect(await probe.problem()).toBeUndefined();
    expect(told).toEqual([false, true]);
  });

  it('takes a probe that fails for a host that cannot', async () => {
    const { probe } = watch([new Error('no such file')]);
    expect(await probe.problem()).toContain('no such file');
  });
});
