import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

import type { BrowserAction } from '../providers/sandbox/browser-action.ts';
import type { OperationResult } from '../providers/sandbox/operation.ts';
import { adopterWords } from './family/adopter.ts';
import { descendantsOf } from './family/descendants.ts';
import { endProcesses } from './family/end-processes.ts';
import type { BrowserReply, BrowserSettings } from './browser/protocol.ts';

/** The longest that one action takes, starting the browser included. */
const ACTION_MS = 90_000;

export interface BrowserHostDeps {
  /** Words that run the browser process as the agent. */
  command: readonly string[];
  settings: BrowserSettings;
  environment: Record<string, string>;
  log(message: string): void;
}

/** The browser of the sandbox: started at the first action, gone when it was idle, with its profile kept. */
export interface BrowserHost {
  perform(action: BrowserAction, signal: AbortSignal): Promise<OperationResult>;
}

interface Running {
  child: ChildProcessWithoutNullStreams;
  waiting: Map<number, (result: OperationResult) => void>;
}

const failed = (text: string): OperationResult => ({ text, isError: true });

export function createBrowserHost(deps: BrowserHostDeps): BrowserHost {
  let running: Running | undefined;
  let lastId = 0;

  function start(): Running {
    // It waits for its program and for the orphans that come to it.
    const holder = ['/bin/sh', '-c', '"$@"; exit $?', 'browser'];
    const [program = '', ...words] = [...adopterWords(), ...holder, ...deps.command];
    const child = spawn(program, [...words, JSON.stringify(deps.settings)], {
      cwd: '/',
      env: deps.environment,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const started: Running = { child, waiting: new Map() };
    const end = (reason: string): void => {
      if (running === started) running = undefined;
      for (const settle of started.waiting.values()) settle(failed(reason));
      started.waiting.clear();
    };
    // The process is the agent's: what it says is checked for its shape and nothing more.
    createInterface({ input: child.stdout }).on('line', (line) => {
      let reply: Partial<BrowserReply>;
      try {
        reply = JSON.parse(line) as Partial<BrowserReply>;
      } catch {
        return;
      }
      const settle = started.waiting.get(Number(reply.id));
      started.waiting.delete(Number(reply.id));
      const image = reply.image;
      settle?.({
        text: typeof reply.text === 'string' ? reply.text.toWellFormed() : '',
        isError: reply.isError !== false,
        ...(typeof image?.base64 === 'string'
          ? { image: { mediaType: 'image/png', base64: image.base64 } }
          : {}),
      });
    });
    child.stderr.on('data', (chunk: Buffer) => deps.log(`browser: ${chunk.toString('utf8').slice(0, 500)}`));
    child.stdin.on('error', () => stop(started));
    child.once('error', (error) => end(`the browser cannot be started: ${error.message}`));
    child.once('exit', () => end('the browser ended; the next action starts it again, with a new page'));
    return started;
  }

  /** Ends the browser with all its processes. */
  function stop({ child }: Running): void {
    const { pid } = child;
    if (pid === undefined) return;
    void endProcesses((rows) => descendantsOf(rows, [pid])).catch((error: unknown) =>
      deps.log(`the browser cannot be ended: ${String(error)}`),
    );
  }

  return {
    async perform(action, signal) {
      running ??= start();
      const current = running;
      const id = ++lastId;
      const timeout = AbortSignal.timeout(ACTION_MS);
      const stopped = AbortSignal.any([signal, timeout]);
      const onAbort = (): void => stop(current);
      stopped.addEventListener('abort', onAbort, { once: true });
      try {
        return await new Promise<OperationResult>((resolve) => {
          current.waiting.set(id, resolve);
          current.child.stdin.write(`${JSON.stringify({ id, action })}\n`);
        });
      } finally {
        stopped.removeEventListener('abort', onAbort);
      }
    },
  };
}
