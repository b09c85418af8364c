import { z } from 'zod';
import { defineTool, type SandboxTool } from './tool.ts';

export interface CommandTimes {
  /** When a command names no time. */
  defaultMs: number;
  /** The longest that a command may name. */
  maximumMs: number;
}

/** Runs shell commands; the directory and exported variables are carried from one to the next. */
export function createBashTool(times: CommandTimes): SandboxTool {
  return defineTool({
    name: 'bash',
    description: `Run a command in bash. The working directory and exported variables are kept for the next command; so are background processes. There is no terminal and no standard input. A command that takes longer than timeout_ms (default ${times.defaultMs}, at most ${times.maximumMs}) is ended. Set restart to forget the shell's state and end all background processes.`,
    input: z.strictObject({
      command: z.string().min(1).optional().describe('The command line to run.'),
      restart: z.boolean().optional().describe('Start over with a fresh shell instead of running a command.'),
      timeout_ms: z.int().min(0).optional().describe('Longest it may run, milliseconds; 0: the default.'),
    }),
    operation: ({ command, restart, timeout_ms: timeoutMs = 0 }) => {
      if (restart === true) return { type: 'restart' };
      if (command === undefined) return { problem: 'command: give bash a command, or set restart to true.' };
      // The shell would end the command there without a word.
      if (command.includes('\0')) return { problem: 'command: it contains a NUL character.' };
      const wanted = timeoutMs === 0 ? times.defaultMs : timeoutMs;
      return { type: 'bash', command, timeoutMs: Math.min(wanted, times.maximumMs) };
    },
  });
}
