import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createBubblewrapDriver, type BubblewrapOptions } from '../bubblewrap/driver.ts';
import type { OperationResult, SandboxOperation } from '../operation.ts';
import type { Sandbox, SandboxDriver } from '../sandbox.ts';

/** A driver on a folder of its own, with short words for tests. */
export interface SandboxLab {
  driver: SandboxDriver;
  dataFolder: string;
  sandbox(): Sandbox;
  /** Runs an operation under a fresh id. Throws when it is lost. */
  perform(sandbox: Sandbox, operation: SandboxOperation): Promise<OperationResult>;
  bash(sandbox: Sandbox, command: string, timeoutMs?: number): Promise<OperationResult>;
  /** A fresh call that runs `command`. */
  call(command: string, timeoutMs?: number): { id: string; operation: SandboxOperation };
  /** Waits until a file in the sandbox has content. */
  untilFile(sandbox: Sandbox, path: string): Promise<void>;
  close(): Promise<void>;
}

/** A lab on a real bubblewrap driver. */
export function createSandboxLab(options: Partial<BubblewrapOptions> = {}): SandboxLab {
  return createLabOn((dataFolder) => createBubblewrapDriver({ dataFolder, log: () => {}, ...options }));
}

/** A lab on any driver. */
export function createLabOn(make: (dataFolder: string) => SandboxDriver): SandboxLab {
  const dataFolder = mkdtempSync(join(tmpdir(), 'sandbox-lab-'));
  chmodSync(dataFolder, 0o755);
  const driver = make(dataFolder);
  let ids = 0;
  const nextId = (prefix: string): string => `${prefix}_${process.pid}_${++ids}`;
  const lab: SandboxLab = {
    driver,
    dataFolder,
    sandbox: () => driver.open({ workspaceId: 'wrk', sessionId: nextId('sesn'), environmentId: 'env' }),
    async perform(sandbox, operation) {
      const outcome = await sandbox.call({ id: nextId('sevt'), operation }, 'start');
      if (outcome.state === 'lost') throw new Error(`lost: ${outcome.reason}`);
      return outcome.result;
    },
    bash: (sandbox, command, timeoutMs = 30_000) =>
      lab.perform(sandbox, { type: 'bash', command, timeoutMs }),
    call: (command, timeoutMs = 60_000) => ({
      id: nextId('sevt'),
      operation: { type: 'bash', command, timeoutMs },
    }),
    async untilFile(sandbox, path) {
      for (;;) {
        const { text, isError } = await lab.perform(sandbox, { type: 'read', path });
        if (!isError && text !== '') return;
        await new Promise((resolve) => {
          setTimeout(resolve, 10);
        });
      }
    },
    async close() {
      for (const { sessionId } of await driver.list()) await driver.destroy(sessionId);
      await driver.close();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
  return lab;
}
