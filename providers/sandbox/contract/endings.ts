import { randomUUID } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';

import type { OperationResult, SandboxOperation } from '../operation.ts';
import type { Sandbox } from '../sandbox.ts';

export interface EndingsContext {
  newSandbox(): Sandbox;
  /** Whether code runs in kernels of sandboxd's. */
  hasKernels(): boolean;
  perform(sandbox: Sandbox, operation: SandboxOperation): Promise<OperationResult>;
}

/** Ways to leave a process behind that is in nobody's session, group or sight, for a command that ignores SIGTERM. */
const WAYS: [name: string, begin: (command: string) => string][] = [
  ['in its own session', (command) => `setsid ${command} &`],
  ['in the background of a shell that ended', (command) => `(setsid ${command} &)`],
  ['by two forks', (command) => `( (setsid setsid ${command} &) & )`],
  ['without its environment', (command) => `(env -i setsid ${command} &)`],
  ['with nothing open', (command) => `(setsid ${command} <&- >&- 2>&- &)`],
];

/** What drivers with a system of their own promise about what is left of a call when it has ended. */
export function endingsContract({ newSandbox, hasKernels, perform }: EndingsContext): void {
  const bash = (command: string, timeoutMs = 30_000): SandboxOperation => ({
    type: 'bash',
    command,
    timeoutMs,
  });
  const say = async (sandbox: Sandbox, command: string): Promise<string> =>
    (await perform(sandbox, bash(command))).text;
  /** A program that stays, known by the word. */
  const stayer = (word: string): string =>
    `bash -c 'trap "" TERM HUP INT; touch up-$0; while :; do sleep 0.05; done' ${word}`;
  const living = (sandbox: Sandbox, word: string): Promise<string> =>
    say(
      sandbox,
      `for file in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$file; echo; done 2>/dev/null | grep -c ' [s]${word.slice(1)}'`,
    );
  const newWord = (): string => `stay-${randomUUID()}`;

  describe('what a call left', () => {
    it.each(WAYS)('%s ends with it at its time limit', async (_name, begin) => {
      const sandbox = newSandbox();
      const word = newWord();
      await perform(sandbox, bash('true'));
      const late = await perform(
        sandbox,
        bash(
          `${begin(stayer(word))}
until [ -e up-${word} ]; do sleep 0.02; done; echo begun; sleep 600`,
          1_500,
        ),
      );
      expect(late).toMatchObject({ text: 'begun\n', exit: { endedBy: 'timeout' } });
      expect(await living(sandbox, word)).toBe('0\n');
    });

    it('ends with it when it is killed, also what starts itself anew all the time', async () => {
      const sandbox = newSandbox();
      const word = newWord();
      // Without its environment too, which could tell whose it is.
      const again = 'touch up-$0; sleep 0.01; env -i setsid bash -c "$1" $0 "$1" & exit';
      const restless = `bash -c '${again}' ${word} '${again}'`;
      const call = {
        id: `sevt_${randomUUID()}`,
        operation: bash(
          `(setsid ${restless} &)
sleep 600`,
          60_000,
        ),
      };
      const started = sandbox.call(call, 'start');
      await vi.waitFor(
        async () => expect(await say(sandbox, `ls up-${word}`)).not.toContain('No such'),
        20_000,
      );
      await sandbox.kill(call.id);
      expect(await started).toMatchObject({ state: 'finished', result: { exit: { endedBy: 'kill' } } });
      // Each of them lives too short to be found by a look at all processes; but they leave traces.
      expect(await say(sandbox, `rm -f up-${word}; sleep 0.5; ls up-${word} 2>&1`)).toContain('No such');
    });

    it('lives on when it succeeded, also when a call beside it comes to its limit', async () => {
      const sandbox = newSandbox();
      const [plain, apart, before] = [newWord(), newWord(), newWord()];
      await say(
        sandbox,
        `${stayer(before)} >/dev/null 2>&1 & until [ -e up-${before} ]; do sleep 0.02; done`,
      );
      const late = perform(sandbox, bash('touch late; sleep 600', 3_000));
      await vi.waitFor(async () => expect(await say(sandbox, 'ls late')).toBe('late\n'), 20_000);
      const good = await perform(
        sandbox,
        bash(
          `${stayer(plain)} & (setsid ${stayer(apart)} &)
until [ -e up-${plain} ] && [ -e up-${apart} ]; do sleep 0.02; done`,
        ),
      );
      expect(good).toMatchObject({ isError: false, exit: { endedBy: 'exit' } });
      expect((await late).exit?.endedBy).toBe('timeout');
      for (const word of [before, plain, apart]) expect(await living(sandbox, word), word).toBe('1\n');
    });

    describe.each([
      [
        'python',
        (command: string, rest: string) =>
          `import subprocess, time\nsubprocess.Popen(["bash", "-c", ${JSON.stringify(command)}])\n${rest}`,
        { keep: 'kept = 7', use: 'kept', wait: 'while True: time.sleep(0.05)' },
        'import threading, time\ndef noise():\n  while True:\n    print("noise"); time.sleep(0.01)\nthreading.Thread(target=noise, daemon=True).start()',
        'import time\nprint("one"); time.sleep(0.3); print("two")',
      ],
      [
        'javascript',
        (command: string, rest: string) =>
          `require("child_process").spawn("bash", ["-c", ${JSON.stringify(command)}], { detached: true, stdio: "ignore" });\n${rest}`,
        { keep: 'const kept = 7', use: 'kept', wait: 'while (true) {}' },
        'setInterval(() => console.log("noise"), 10); undefined',
        'console.log("one"); await new Promise((go) => setTimeout(go, 300)); console.log("two")',
      ],
    ] as const)('of code in %s', (language, spawn, { keep, use, wait }, makeNoise, speak) => {
      const code = (text: string, timeoutMs = 30_000): SandboxOperation => ({
        type: 'code',
        language,
        code: text,
        timeoutMs,
      });
      it('ends with it at its time limit; variables and earlier programs stay', async ({ skip }) => {
        if (!hasKernels()) skip('code runs in kernels of another server');
        const sandbox = newSandbox();
        const [word, earlier] = [newWord(), newWord()];
        await perform(sandbox, code(keep));
        await perform(sandbox, code(spawn(`setsid ${stayer(earlier)}`, '')));
        // What an earlier call only starts to start could be anybody's.
        await say(sandbox, `until [ -e up-${earlier} ]; do sleep 0.02; done`);
        const late = await perform(sandbox, code(spawn(`(setsid ${stayer(word)} &)`, wait), 2_500));
        expect(late.exit?.endedBy).toBe('timeout');
        expect(await say(sandbox, `ls up-${word}`)).toBe(`up-${word}\n`);
        expect(await living(sandbox, word)).toBe('0\n');
        expect(await living(sandbox, earlier)).toBe('1\n');
        expect((await perform(sandbox, code(use))).text).toBe('7\n');
      });
      it('of the first call does not take the variables along', async ({ skip }) => {
        if (!hasKernels()) skip('code runs in kernels of another server');
        const sandbox = newSandbox();
        expect((await perform(sandbox, code(`${keep}\n${spawn('true', wait)}`, 2_500))).exit?.endedBy).toBe(
          'timeout',
        );
        expect((await perform(sandbox, code(use))).text).toBe('7\n');
      });
      it('does not write into the results of later calls', async ({ skip }) => {
        if (!hasKernels()) skip('code runs in kernels of another server');
        const sandbox = newSandbox();
        await perform(sandbox, code(makeNoise));
        for (let round = 0; round < 3; round++) {
          expect((await perform(sandbox, code(speak))).text.replace('undefined\n', '')).toBe('one\ntwo\n');
        }
      });
    });

    it('of code in python does not write there by programs that it starts only then, past Python, or at a signal', async ({
      skip,
    }) => {
      if (!hasKernels()) skip('code runs in kernels of another server');
      const sandbox = newSandbox();
      const code = (text: string): SandboxOperation => ({
        type: 'code',
        language: 'python',
        code: text,
        timeoutMs: 30_000,
      });
      const late = `import os, signal, subprocess, threading
def late():
  os.write(1, b"written\\n"); subprocess.run(["echo", "program"]); os.system("echo system; echo error >&2")
threading.Timer(1, late).start()
signal.signal(signal.SIGALRM, lambda *words: print("alarm"))
signal.setitimer(signal.ITIMER_REAL, 1) and None`;
      await perform(sandbox, code(late));
      const speak = `import subprocess, time
subprocess.run(["echo", "one"]); time.sleep(2); print("two")`;
      expect((await perform(sandbox, code(speak))).text).toBe('one\ntwo\n');
    });

    it('does not write into the results of later calls', async () => {
      const sandbox = newSandbox();
      await say(sandbox, '(while :; do echo noise; echo noise >&2; sleep 0.01; done) & echo begun');
      for (let round = 0; round < 5; round++) {
        expect(await say(sandbox, 'echo one; sleep 0.1; echo two')).toBe('one\ntwo\n');
      }
    });
  });
}
