import { isDeepStrictEqual } from 'node:util';

import { AppError } from '../../core/errors.ts';
import { ABANDONED_REASON } from './claimed-sandbox.ts';
import { performInMemory } from './in-memory/operations.ts';
import { memoryArchive } from './in-memory/archive.ts';
import { memoryFiles } from './in-memory/files.ts';
import { createMemorySession, type MemoryRun, type MemorySession } from './in-memory/session.ts';
import type { CallOutcome, Sandbox, SandboxDriver, SandboxSpec } from './sandbox.ts';

const STOPPED_REASON =
  'The sandbox stopped while the call ran. Whether it took effect is unknown; look before you do it again.';

/**
 * A double of a sandbox driver, for tests of what stands on sandboxes: files in a map, and a shell that knows a handful of words
 * (`in-memory/shell.ts`). It keeps the whole promise of the port, claims and losses included.
 */
export function createInMemorySandboxDriver(): SandboxDriver {
  const sessions = new Map<string, MemorySession>();

  function sessionOf(id: string): MemorySession {
    const known = sessions.get(id);
    if (known !== undefined) return known;
    const made = createMemorySession();
    sessions.set(id, made);
    return made;
  }

  function begin(session: MemorySession, call: Parameters<Sandbox['call']>[0]): MemoryRun {
    session.isRunning = true;
    const cancel = new AbortController();
    const settled = performInMemory(session, call.operation, cancel.signal).then((result): CallOutcome => ({
      state: 'finished',
      result,
    }));
    const lost = new Promise<CallOutcome>((resolve) => {
      cancel.signal.addEventListener('abort', () => {
        if (cancel.signal.reason === 'stopped') resolve({ state: 'lost', reason: STOPPED_REASON });
      });
    });
    const run: MemoryRun = { operation: call.operation, cancel, outcome: Promise.race([settled, lost]) };
    session.calls.set(call.id, run);
    return run;
  }

  function open(spec: SandboxSpec): Sandbox {
    const kill = (id: string): Promise<void> => {
      const session = sessionOf(spec.sessionId);
      const run = session.calls.get(id);
      if (run === undefined) session.calls.set(id, 'abandoned');
      else if (run !== 'abandoned') run.cancel.abort('kill');
      return Promise.resolve();
    };
    return {
      spec,
      announce: async (id) => void sessionOf(spec.sessionId).announced.add(id),
      async isAnnounced(id) {
        const { announced, calls } = sessionOf(spec.sessionId);
        return announced.has(id) && !calls.has(id);
      },
      async call(call, mode, signal = new AbortController().signal) {
        signal.throwIfAborted();
        const session = sessionOf(spec.sessionId);
        let run = session.calls.get(call.id);
        const isStart = mode === 'start' || session.announced.has(call.id);
        if (run === undefined && isStart) run = begin(session, call);
        if (run === undefined) session.calls.set(call.id, 'abandoned');
        if (run === undefined || run === 'abandoned') return { state: 'lost', reason: ABANDONED_REASON };
        if (!isDeepStrictEqual(run.operation, call.operation)) {
          throw new AppError('conflict', `The call id ${call.id} was used for another operation.`);
        }
        const aborted = new Promise<never>((_resolve, reject) => {
          signal.addEventListener(
            'abort',
            () => {
              void kill(call.id);
              reject(signal.reason);
            },
            { once: true },
          );
        });
        return Promise.race([run.outcome, aborted]);
      },
      kill,
      files: memoryFiles(() => sessionOf(spec.sessionId)),
      archive: memoryArchive(() => sessionOf(spec.sessionId)),
    };
  }

  function stop(sessionId: string): Promise<void> {
    const session = sessions.get(sessionId);
    if (session === undefined) return Promise.resolve();
    session.isRunning = false;
    for (const run of session.calls.values()) if (run !== 'abandoned') run.cancel.abort('stopped');
    return Promise.resolve();
  }

  return {
    kind: 'in_memory',
    probe: () =>
      Promise.resolve({ ok: true, isolation: 'none', limits: ['A double for tests: nothing runs.'] }),
    open,
    ensure(spec) {
      sessionOf(spec.sessionId).isRunning = true;
      return Promise.resolve();
    },
    stop,
    async destroy(sessionId) {
      await stop(sessionId);
      sessions.delete(sessionId);
    },
    list: () =>
      Promise.resolve(
        [...sessions].map(([sessionId, { isRunning }]) => ({
          sessionId,
          state: isRunning ? 'running' : 'stopped',
        })),
      ),
    close: () => Promise.resolve(),
  };
}
