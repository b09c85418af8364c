import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

import { SandboxProtocolError } from '../sandboxd-client.ts';
import type { AioApi } from './api.ts';

const SOURCE = readFileSync(fileURLToPath(new URL('./guard.py', import.meta.url)), 'utf8');
const VERSION = createHash('sha256').update(SOURCE).digest('hex').slice(0, 12);
/** Longer requests travel as a file: the system bounds a single argument. */
const ARGUMENT_BYTES = 60_000;
const SLACK_MS = 30_000;

const execSchema = z.object({
  session_id: z.string(),
  status: z.string(),
  stdout: z.string().nullish(),
  stderr: z.string().nullish(),
  exit_code: z.number().nullish(),
});
const errorSchema = z.object({ error: z.string(), code: z.number().nullable() });

/** A system call that failed inside, by its code. */
export class GuardError extends Error {
  readonly errno: number | null;
  constructor(message: string, errno: number | null) {
    super(message);
    this.errno = errno;
  }
}

/** The guard of one session inside its AIO Sandbox: it decides who runs what, once. */
export interface Guard {
  /** Puts the guard in place, and the folders that sessions have. */
  install(folders: readonly string[], links: Readonly<Record<string, string>>): Promise<void>;
  ask<Value>(
    verb: string,
    schema: z.ZodType<Value>,
    request?: object,
    options?: { signal?: AbortSignal; waitMs?: number },
  ): Promise<Value>;
}

/** @param root - the session's folder of records inside. */
export function createGuard(api: AioApi, sessionId: string, root: string): Guard {
  const file = `${root}/guard-${VERSION}.py`;

  async function exec(command: string, timeoutMs: number, signal?: AbortSignal): Promise<string> {
    const session = `managed-agent-${randomUUID()}`;
    const answer = await api.call(
      'POST',
      '/v1/bash/exec',
      execSchema,
      { session_id: session, command, exec_dir: '/', max_output_length: 0, hard_timeout: timeoutMs / 1_000 },
      { timeoutMs, ...(signal === undefined ? {} : { signal }) },
    );
    // One bash session per request: AIO runs the commands of a session one after the other. Closing it is housekeeping.
    api.call('POST', `/v1/bash/sessions/${answer.session_id}/close`, z.unknown(), {}).catch(() => undefined);
    if (answer.status === 'completed' && answer.exit_code === 0) return answer.stdout ?? '';
    throw new SandboxProtocolError(
      `the guard ended with ${answer.status} ${answer.exit_code ?? ''}: ${(answer.stderr ?? '').slice(-500)}`,
    );
  }

  const guard: Guard = {
    async install(folders, links) {
      await exec(`mkdir -p '${root}'`, SLACK_MS);
      // Another worker may use the guard already: it comes as a whole.
      const written = `${file}.${randomUUID()}`;
      await api.call('POST', '/v1/file/write', z.unknown(), { file: written, content: SOURCE });
      await exec(`mv '${written}' '${file}'`, SLACK_MS);
      await guard.ask('setup', z.unknown(), { folders, links });
    },
    async ask(verb, schema, request = {}, { signal, waitMs = 0 } = {}) {
      const text = JSON.stringify({ ...request, verb, root, session: sessionId, wait: waitMs / 1_000 });
      let argument = Buffer.from(text).toString('base64');
      if (argument.length > ARGUMENT_BYTES) {
        argument = `@${root}/request-${randomUUID()}`;
        await api.call('POST', '/v1/file/write', z.unknown(), { file: argument.slice(1), content: text });
      }
      const words = await exec(`exec python3 '${file}' '${argument}'`, waitMs + SLACK_MS, signal);
      let answer: unknown;
      try {
        answer = JSON.parse(words);
      } catch (cause) {
        throw new SandboxProtocolError('the guard did not answer', { cause });
      }
      const failed = errorSchema.safeParse(answer);
      if (failed.success) throw new GuardError(failed.data.error, failed.data.code);
      const parsed = schema.safeParse(answer);
      if (parsed.success) return parsed.data;
      throw new SandboxProtocolError(`the guard's answer to ${verb}: ${z.prettifyError(parsed.error)}`);
    },
  };
  return guard;
}
