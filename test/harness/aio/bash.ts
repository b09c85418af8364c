import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { AioContainer } from './container.ts';

interface Command {
  id: string;
  command: string;
  status: 'running' | 'completed' | 'timed_out' | 'killed';
  exitCode: number | null;
  stdout: string;
  stderr: string;
  child: ChildProcess;
  ended: Promise<void>;
}

export interface ExecRequest {
  session_id?: string | null;
  command: string;
  exec_dir?: string;
  env?: Record<string, string>;
  async_mode?: boolean;
  timeout?: number | null;
  hard_timeout?: number | null;
  max_output_length?: number;
}

/** `/v1/bash/*`: sessions by the client's names, a process per command, output by offset. */
export interface AioBash {
  exec(request: ExecRequest): Promise<object>;
  output(request: { session_id: string; offset?: number }): object;
  write(request: { session_id: string; input: string }): object;
  kill(request: { session_id: string; signal?: NodeJS.Signals }): object;
  sessions(): object;
  close(sessionId: string): object;
}

/** A failure as AIO tells it: 200 with `success: false`. */
export class AioRefusal extends Error {}

function cut(text: string, limit: number): string {
  if (limit === 0 || text.length <= limit) return text;
  const half = Math.floor(limit / 2);
  return `${text.slice(0, half)}\n... [truncated] ...\n${text.slice(-half)}`;
}

export function createAioBash(container: AioContainer): AioBash {
  const sessions = new Map<string, { commands: Command[]; cwd: string }>();

  function signal(command: Command, name: NodeJS.Signals): void {
    if (command.child.pid === undefined) return;
    try {
      process.kill(-command.child.pid, name);
    } catch {
      // It is gone.
    }
  }
  function newest(sessionId: string): Command {
    const command = sessions.get(sessionId)?.commands.at(-1);
    if (command === undefined) throw new AioRefusal(`Session not found: ${sessionId}`);
    return command;
  }
  function begin(request: ExecRequest): { sessionId: string; command: Command } {
    const sessionId = request.session_id ?? randomUUID();
    const session = sessions.get(sessionId) ?? { commands: [], cwd: '/home/gem' };
    sessions.set(sessionId, session);
    session.cwd = request.exec_dir ?? session.cwd;
    const child = container.run(['bash', '-c', request.command], {
      cwd: session.cwd,
      ...(request.env === undefined ? {} : { env: request.env }),
    });
    const ended = Promise.withResolvers<void>();
    const command: Command = {
      id: randomUUID(),
      command: request.command,
      status: 'running',
      exitCode: null,
      stdout: '',
      stderr: '',
      child,
      ended: ended.promise,
    };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      command.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      command.stderr += text;
    });
    child.stdin?.on('error', () => undefined);
    // What it wrote may still be in the pipes; what it left running may hold them open.
    const emptied = once(child, 'close');
    child.once('exit', (code) => {
      void Promise.race([emptied, delay(500)]).then(() => {
        if (command.status === 'running') command.status = code === null ? 'killed' : 'completed';
        command.exitCode = code;
        ended.resolve();
      });
    });
    if (typeof request.hard_timeout === 'number') {
      const timer = setTimeout(() => {
        command.status = 'timed_out';
        signal(command, 'SIGKILL');
      }, request.hard_timeout * 1_000);
      void ended.promise.then(() => clearTimeout(timer));
    }
    session.commands.push(command);
    return { sessionId, command };
  }

  return {
    async exec(request) {
      const { sessionId, command } = begin(request);
      if (request.async_mode !== true) {
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<void>((resolve) => {
          if (typeof request.timeout === 'number') timer = setTimeout(resolve, request.timeout * 1_000);
        });
        await Promise.race([command.ended, late]);
        clearTimeout(timer);
      }
      const limit = request.max_output_length ?? 50_000;
      return {
        session_id: sessionId,
        command_id: command.id,
        command: command.command,
        status: command.status,
        stdout: cut(command.stdout, limit),
        stderr: cut(command.stderr, limit),
        exit_code: command.exitCode,
        offset: Buffer.byteLength(command.stdout),
        stderr_offset: Buffer.byteLength(command.stderr),
      };
    },
    output({ session_id: sessionId, offset = 0 }) {
      const command = newest(sessionId);
      const { id, command: text, status, exitCode } = command;
      return {
        session_id: sessionId,
        stdout: Buffer.from(command.stdout).subarray(offset).toString(),
        stderr: command.stderr,
        offset: Buffer.byteLength(command.stdout),
        stderr_offset: Buffer.byteLength(command.stderr),
        command: { command_id: id, command: text, status, exit_code: exitCode },
      };
    },
    write({ session_id: sessionId, input }) {
      newest(sessionId).child.stdin?.write(input);
      return {};
    },
    kill({ session_id: sessionId, signal: name = 'SIGTERM' }) {
      signal(newest(sessionId), name);
      return {};
    },
    sessions: () =>
      [...sessions].map(([id, { commands, cwd }]) => ({
        session_id: id,
        status: 'ready',
        working_dir: cwd,
        created_at: '2026-01-01T00:00:00Z',
        last_used_at: '2026-01-01T00:00:00Z',
        current_command: commands.find(({ status }) => status === 'running')?.command ?? null,
        command_count: commands.length,
      })),
    close(sessionId) {
      for (const command of sessions.get(sessionId)?.commands ?? []) signal(command, 'SIGKILL');
      sessions.delete(sessionId);
      return {};
    },
  };
}
