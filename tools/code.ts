import { z } from 'zod';
import type { CommandTimes } from './bash.ts';
import { defineTool, type SandboxTool } from './tool.ts';

const id = z
  .string()
  .regex(/^p\d{1,9}$/, 'expected an id such as p1')
  .describe('The process, such as p1.');

/** The tools of `code_toolset_20261101`: code that keeps its variables, and processes that outlive their call. */
export function createCodeTools(times: CommandTimes): readonly SandboxTool[] {
  return [
    defineTool({
      name: 'execute_code',
      description: `Run code in Python or JavaScript (Node). Variables, imports and functions stay for the next call; the value of the last expression is shown; await works at the top. Code that takes longer than timeout_ms (default ${times.defaultMs}) is interrupted.`,
      input: z.strictObject({
        language: z.enum(['python', 'javascript']).describe('The language.'),
        code: z.string().min(1).max(1_000_000).describe('The code.'),
        timeout_ms: z.int().min(0).optional().describe('Longest it may run, milliseconds; 0: the default.'),
      }),
      operation({ language, code, timeout_ms: timeoutMs = 0 }) {
        const wanted = timeoutMs === 0 ? times.defaultMs : timeoutMs;
        return { type: 'code', language, code, timeoutMs: Math.min(wanted, times.maximumMs) };
      },
    }),
    defineTool({
      name: 'process_start',
      description:
        'Start a command that goes on running after this call, such as a server or a program to talk to. Answers with the id of the process.',
      input: z.strictObject({
        command: z.string().min(1).max(1_000_000).describe('The command line, for bash.'),
      }),
      operation({ command }) {
        if (command.includes('\0')) return { problem: 'command: it contains a NUL character.' };
        return { type: 'process', process: { do: 'start', command } };
      },
    }),
    defineTool({
      name: 'process_list',
      description: 'List the processes that were started with process_start, with their state.',
      input: z.strictObject({}),
      operation: () => ({ type: 'process', process: { do: 'list' } }),
    }),
    defineTool({
      name: 'process_read',
      description: 'Read what a process wrote. Each answer says with which offset to go on.',
      input: z.strictObject({
        id,
        offset: z.int().min(0).optional().describe('Byte to read from; left out: the newest part.'),
      }),
      operation: ({ id: process, offset = null }) => ({
        type: 'process',
        process: { do: 'read', id: process, offset },
      }),
    }),
    defineTool({
      name: 'process_write',
      description: 'Write to the standard input of a process. End a line with a newline.',
      input: z.strictObject({ id, input: z.string().min(1).max(60_000).describe('What to write.') }),
      operation: ({ id: process, input }) => ({
        type: 'process',
        process: { do: 'write', id: process, input },
      }),
    }),
    defineTool({
      name: 'process_kill',
      description: 'Send a signal to a process and all that it started.',
      input: z.strictObject({
        id,
        signal: z.enum(['SIGTERM', 'SIGKILL', 'SIGINT']).optional().describe('Default: SIGTERM.'),
      }),
      operation: ({ id: process, signal = 'SIGTERM' }) => ({
        type: 'process',
        process: { do: 'kill', id: process, signal },
      }),
    }),
  ];
}
