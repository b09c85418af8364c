import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

import { jsonFault } from '../../../core/json-fault.ts';
import { resultSchema, SandboxGoneError, SandboxProtocolError } from '../sandboxd-client.ts';
import type { AioApi } from './api.ts';

const SOURCE = ['./archive.py', './guard.py']
  .map((name) => readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8'))
  .join('\n\n');
const VERSION = createHash('sha256').update(SOURCE).digest('hex').slice(0, 12);
/** Longer requests travel as a file: the system bounds a single argument. */
const ARGUMENT_BYTES = 60_000;
const SLACK_MS = 30_000;
/** Of what the service's own scripts say. */
const RUN_BYTES = 1024 * 1024;

const execSchema = z.object({
  session_id: z.string(),
  status: z.string(),
  stdout: z.string().nullish(),
  stderr: z.string().nullish(),
  exit_code: z.number().nullish(),
});
const errorSchema = z.object({ error: z.string(), code: z.number().nullable() });

/** What the guard says of a call. */
export const viewSchema = z.discriminatedUnion('state', [
  z.object({ state: z.enum(['won', 'running', 'unknown', 'conflict']) }),
  z.object({ state: z.literal('lost'), reason: z.string() }),
  z.object({ state: z.literal('result'), result: resultSchema }),
  z.object({ state: z.literal('held'), owner: z.string().max(1_000), deadline: z.number(), now: z.number() }),
  z.object({
    state: z.literal('command'),
    code: z.number().nullable(),
    endedBy: z.enum(['exit', 'timeout', 'kill']),
    total: z.number(),
    inFile: z.number(),
    head: z.base64(),
    tail: z.base64(),
  }),
]);
export type GuardView = z.infer<typeof viewSchema>;

const stateSchema = z.object({ generation: z.string().nullable(), holds: z.boolean() });
const setupSchema = stateSchema.extend({ path: z.string(), machine: z.string() });
const goneSchema = z.object({ gone: z.literal(true) });
/** The exit code of a command that finds no guard. */
const NO_GUARD = 97;
const POLL_MS = 20_000;

/** What a container says of itself. `generation` names it, null where nobody did yet; `holds`: something of the session is here, as a whole. */
export type ContainerState = z.infer<typeof stateSchema>;

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
  /**
   * Puts the guard in place, and the folders that sessions have; where the session is new here, what `kept` folders hold by now counts as
   * the container's own. Returns also where programs are looked for inside, and the kind of processor.
   */
  install(
    folders: readonly string[],
    links: Readonly<Record<string, string>>,
    kept: Readonly<Record<string, string>>,
  ): Promise<z.infer<typeof setupSchema>>;
  /** Names the container, unless it has a name. */
  christen(): Promise<ContainerState>;
  ask<Value>(
    verb: string,
    schema: z.ZodType<Value>,
    request?: object,
    options?: { signal?: AbortSignal; waitMs?: number },
  ): Promise<Value>;
  /**
   * Runs a script of the service's own, in the container's own environment, and waits for its end however long one request may take.
   *
   * @param name - begins the name of its record.
   */
  run(name: string, script: string, seconds: number): Promise<Exclude<GuardView, { state: 'running' }>>;
  /** Like `ask`, for what takes long. */
  work<Value>(verb: string, schema: z.ZodType<Value>, request: object, seconds: number): Promise<Value>;
}

/**
 * @param root - the session's folder of records inside.
 * @param known - the container that is meant; another one is refused, and `onGone` told. Null: whichever answers.
 */
export function createGuard(
  api: AioApi,
  sessionId: string,
  root: string,
  known: { generation: string; onGone(): void } | null = null,
): Guard {
  const file = `${root}/guard-${VERSION}.py`;

  function gone(): never {
    known?.onGone();
    throw new SandboxGoneError(
      'the container of this session was made anew, or another one stands in its place',
    );
  }

  /** Prepares a request as one argument of the guard; a long one travels as a file. */
  async function argumentFor(verb: string, request: object, waitMs: number): Promise<string> {
    const generation = known?.generation ?? null;
    const text = JSON.stringify({
      ...request,
      verb,
      root,
      session: sessionId,
      wait: waitMs / 1_000,
      generation,
    });
    const argument = Buffer.from(text).toString('base64');
    if (argument.length <= ARGUMENT_BYTES) return argument;
    const path = `${root}/request-${randomUUID()}`;
    await api.call('POST', '/v1/file/write', z.unknown(), { file: path, content: text });
    return `@${path}`;
  }

  function parse<Value>(verb: string, words: string, schema: z.ZodType<Value>): Value {
    let answer: unknown;
    const fault = jsonFault(words);
    if (fault !== null) throw new SandboxProtocolError(`the guard's answer to ${verb} ${fault}`);
    try {
      answer = JSON.parse(words);
    } catch (cause) {
      throw new SandboxProtocolError('the guard did not answer', { cause });
    }
    if (goneSchema.safeParse(answer).success) gone();
    const failed = errorSchema.safeParse(answer);
    if (failed.success) throw new GuardError(failed.data.error, failed.data.code);
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new SandboxProtocolError(`the guard's answer to ${verb}: ${z.prettifyError(parsed.error)}`);
  }

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
    if (known !== null && answer.exit_code === NO_GUARD) gone();
    if (answer.status === 'completed' && answer.exit_code === 0) return answer.stdout ?? '';
    throw new SandboxProtocolError(
      `the guard ended with ${answer.status} ${answer.exit_code ?? ''}: ${(answer.stderr ?? '').slice(-500)}`,
    );
  }

  const guard: Guard = {
    async install(folders, links, kept) {
      await exec(`mkdir -p '${root}'`, SLACK_MS);
      // Another worker may use the guard already: it comes as a whole.
      const written = `${file}.${randomUUID()}`;
      await api.call('POST', '/v1/file/write', z.unknown(), { file: written, content: SOURCE });
      await exec(`mv '${written}' '${file}'`, SLACK_MS);
      return guard.ask('setup', setupSchema, { folders, links, kept });
    },
    christen: () => guard.ask('christen', stateSchema),
    async ask(verb, schema, request = {}, { signal, waitMs = 0 } = {}) {
      const argument = await argumentFor(verb, request, waitMs);
      const command = `[ -e '${file}' ] || exit ${NO_GUARD}; exec python3 '${file}' '${argument}'`;
      return parse(verb, await exec(command, waitMs + SLACK_MS, signal), schema);
    },
    async run(name, script, seconds) {
      const id = `own-${name}-${randomUUID()}`;
      const request = {
        id,
        mode: 'start',
        hash: id,
        kind: 'command',
        command: '',
        script,
        environment: null,
        timeout: seconds,
        fileBytes: RUN_BYTES,
        headBytes: RUN_BYTES,
      };
      const options = { waitMs: POLL_MS };
      let view: GuardView = await guard.ask('begin', viewSchema, request, options);
      while (view.state === 'running')
        view = await guard.ask('wait', viewSchema, { id, seconds: 0 }, options);
      await guard.ask('forget', z.unknown(), { id });
      return view;
    },
    async work(verb, schema, request, seconds) {
      const argument = await argumentFor(verb, request, 0);
      const view = await guard.run(verb, `exec python3 '${file}' '${argument}'`, seconds);
      if (view.state !== 'command' || view.code !== 0) {
        const said = view.state === 'command' ? Buffer.from(view.tail, 'base64').toString().slice(-500) : '';
        throw new SandboxProtocolError(`the guard could not ${verb}: ${view.state} ${said}`);
      }
      return parse(verb, Buffer.from(view.head, 'base64').toString('utf8'), schema);
    },
  };
  return guard;
}
