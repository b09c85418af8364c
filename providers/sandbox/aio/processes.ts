import { z } from 'zod';

import { cleanText, cutTail } from '../../../sandboxd/clean-text.ts';
import type { OperationResult, ProcessAction } from '../operation.ts';
import { AioFailure } from './api.ts';
import type { AioOperationDeps } from './operation-deps.ts';

const startedSchema = z.object({ session_id: z.string(), status: z.string() });
const sessionsSchema = z
  .array(z.object({ session_id: z.string(), status: z.string(), current_command: z.string().nullish() }))
  .nullable();
const outputSchema = z.object({
  stdout: z.string().default(''),
  stderr: z.string().default(''),
  offset: z.number().default(0),
  command: z.object({ command: z.string(), status: z.string(), exit_code: z.number().nullish() }).nullish(),
});
const numberSchema = z.object({ number: z.number() });

const SHOWN = 64 * 1024;

/** Processes that outlive their call are commands of AIO's bash sessions, one session for each. */
export async function performProcess(
  deps: AioOperationDeps,
  action: ProcessAction,
): Promise<OperationResult> {
  const { api, guard, sessionId, workdir } = deps;
  const prefix = `managed-agent-${sessionId}-`;
  const done = (text: string): OperationResult => ({ text, isError: false });
  const outputOf = (id: string, offset: number): Promise<z.infer<typeof outputSchema>> =>
    api.call('POST', '/v1/bash/output', outputSchema, { session_id: `${prefix}${id}`, offset });
  const stateOf = (command: z.infer<typeof outputSchema>['command']): string =>
    command?.status === 'completed'
      ? `exited with ${command.exit_code ?? 'unknown'}`
      : command?.status === 'killed' || command?.status === 'timed_out'
        ? 'ended'
        : (command?.status ?? 'unknown');
  try {
    switch (action.do) {
      case 'start': {
        const { number } = await guard.ask('number', numberSchema);
        const id = `p${number}`;
        await api.call('POST', '/v1/bash/exec', startedSchema, {
          session_id: `${prefix}${id}`,
          command: action.command,
          exec_dir: workdir,
          env: { MANAGED_AGENT_SESSION: sessionId },
          async_mode: true,
        });
        return done(`started ${id}`);
      }
      case 'list': {
        const sessions = await api.call('GET', '/v1/bash/sessions', sessionsSchema);
        const ids = (sessions ?? []).flatMap(({ session_id: name }) =>
          name.startsWith(`${prefix}p`) ? [name.slice(prefix.length)] : [],
        );
        const rows = await Promise.all(
          ids.map(async (id) => {
            const { command } = await outputOf(id, 0);
            return `${id}  ${stateOf(command)}  ${command?.command ?? ''}`;
          }),
        );
        return done(rows.length === 0 ? 'no processes' : rows.join('\n'));
      }
      case 'read': {
        const { stdout, stderr, offset, command } = await outputOf(action.id, action.offset ?? 0);
        const text = cutTail(cleanText(`${stdout}${stderr}`), SHOWN);
        return done(`${text}\n[${action.id} ${stateOf(command)}; read on from offset ${offset}]`);
      }
      case 'write':
        await api.call('POST', '/v1/bash/write', z.unknown(), {
          session_id: `${prefix}${action.id}`,
          input: action.input,
        });
        return done(`wrote to ${action.id}`);
      case 'kill':
        await api.call('POST', '/v1/bash/kill', z.unknown(), {
          session_id: `${prefix}${action.id}`,
          signal: action.signal,
        });
        return done(`sent ${action.signal} to ${action.id}`);
    }
  } catch (error) {
    if (error instanceof AioFailure) return { text: error.message, isError: true };
    throw error;
  }
}
