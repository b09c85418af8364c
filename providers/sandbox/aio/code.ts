import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';

import { cutHead } from '../../../sandboxd/clean-text.ts';
import type { OperationResult, SandboxOperation } from '../operation.ts';
import { AioFailure, AioStatusError } from './api.ts';
import type { AioOperationDeps } from './operation-deps.ts';

const outputSchema = z.object({
  output_type: z.string(),
  text: z.string().nullish(),
  data: z.record(z.string(), z.unknown()).nullish(),
  ename: z.string().nullish(),
  evalue: z.string().nullish(),
  traceback: z.array(z.string()).nullish(),
});
const executedSchema = z.object({
  status: z.string(),
  outputs: z.array(outputSchema).nullish(),
  stdout: z.string().nullish(),
  stderr: z.string().nullish(),
  exit_code: z.number().nullish(),
});
type Executed = z.infer<typeof executedSchema>;

const SLACK_MS = 15_000;
/** AIO refuses to run code for longer. */
const LONGEST_SECONDS = 300;
const GONE =
  "[AIO had ended this language's runtime since the last call: variables and imports of earlier calls are gone]\n";

/** Runtimes that this process has seen: one that AIO does not know any more has lost its variables. */
const seen = new Set<string>();

function textOf(output: z.infer<typeof outputSchema>): string {
  if (output.traceback?.length) return `${stripVTControlCharacters(output.traceback.join('\n'))}\n`;
  if (output.ename) return `${output.ename}: ${output.evalue ?? ''}\n`;
  if (output.text) return output.text;
  const plain = output.data?.['text/plain'];
  return typeof plain === 'string' ? `${plain}\n` : '';
}

/** Whether a refusal is about a runtime that AIO does not know: nothing ran. */
function isUnknownSession(error: unknown): boolean {
  if (error instanceof AioStatusError) return error.status === 404;
  return (
    error instanceof AioFailure &&
    /session.*(not found|does not exist|unknown|expired)/i.test(error.message.slice(0, 1_000))
  );
}

/**
 * Runs code in AIO's own runtimes: a Jupyter kernel for Python, its Node session for JavaScript; both keep their variables. Killing it ends
 * the runtime, since AIO cannot interrupt it: the variables are gone then.
 */
export async function performCode(
  { api, root, sessionId, workdir, outputCharacters }: AioOperationDeps,
  { language, code, timeoutMs }: Extract<SandboxOperation, { type: 'code' }>,
  signal: AbortSignal,
): Promise<OperationResult> {
  const session = `managed-agent-${sessionId}`;
  const kind = language === 'python' ? 'jupyter' : 'nodejs';
  const name = `${root} ${kind}`;
  const seconds = Math.max(1, Math.min(LONGEST_SECONDS, Math.ceil(timeoutMs / 1_000)));
  const body = {
    code,
    timeout: seconds,
    session_id: session,
    cwd: workdir,
    ...(language === 'python' ? {} : { stateful: true }),
  };
  const execute = (): Promise<Executed> =>
    api.call('POST', `/v1/${kind}/execute`, executedSchema, body, {
      signal,
      timeoutMs: seconds * 1_000 + SLACK_MS,
    });

  function resultOf(answer: Executed, notice: string): OperationResult {
    const outputs = answer.outputs ?? [];
    const printed = outputs.map(textOf).join('');
    // The Node runtime tells the same twice: as outputs and as streams.
    const streams = printed === '' ? `${answer.stdout ?? ''}${answer.stderr ?? ''}` : '';
    const isLate = answer.status === 'timeout';
    const isError = answer.status === 'error' || isLate || (answer.exit_code ?? 0) !== 0;
    const [image, ...moreImages] = outputs.flatMap(({ data }) => {
      const base64 = data?.['image/png'];
      return typeof base64 === 'string' ? [{ mediaType: 'image/png', base64 }] : [];
    });
    const text = cutHead(`${notice}${printed}${streams}`, outputCharacters);
    const bound = seconds * 1_000 < timeoutMs ? `${seconds} s, the most that AIO allows` : `${seconds} s`;
    return {
      text: isLate ? `${text}\nThe code took longer than ${bound}.` : text,
      isError,
      ...(image === undefined ? {} : { image }),
      ...(moreImages.length === 0 ? {} : { moreImages }),
    };
  }

  try {
    let notice = '';
    const answer = await execute().catch(async (error: unknown) => {
      if (!isUnknownSession(error)) throw error;
      if (seen.has(name)) notice = GONE;
      const asked = { session_id: session, cwd: workdir };
      const path = language === 'python' ? '/v1/jupyter/sessions/create' : '/v1/nodejs/sessions';
      await api.call('POST', path, z.unknown(), asked, { signal });
      return execute();
    });
    seen.add(name);
    return resultOf(answer, notice);
  } catch (error) {
    if (error instanceof AioFailure) return { text: error.message, isError: true };
    if (!signal.aborted) throw error;
    seen.delete(name);
    await api.call('DELETE', `/v1/${kind}/sessions/${session}`, z.unknown()).catch(() => undefined);
    return {
      text: 'The code was ended, and with it the variables of its language.',
      isError: true,
      exit: { code: null, endedBy: 'kill' },
    };
  }
}
