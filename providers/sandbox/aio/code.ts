import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';

import { cutHead } from '../../../sandboxd/clean-text.ts';
import type { OperationResult, SandboxOperation } from '../operation.ts';
import { AioFailure } from './api.ts';
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
  outputs: z.array(outputSchema).default([]),
  stdout: z.string().nullish(),
  stderr: z.string().nullish(),
  exit_code: z.number().nullish(),
});

const SLACK_MS = 15_000;

function textOf(output: z.infer<typeof outputSchema>): string {
  if (output.traceback?.length) return `${stripVTControlCharacters(output.traceback.join('\n'))}\n`;
  if (output.ename) return `${output.ename}: ${output.evalue ?? ''}\n`;
  if (output.text) return output.text;
  const plain = output.data?.['text/plain'];
  return typeof plain === 'string' ? `${plain}\n` : '';
}

/**
 * Runs code in AIO's own runtimes: a Jupyter kernel for Python, its Node session for JavaScript; both keep their variables. Killing it ends
 * the runtime, since AIO cannot interrupt it: the variables are gone then.
 */
export async function performCode(
  { api, sessionId, workdir, outputCharacters }: AioOperationDeps,
  { language, code, timeoutMs }: Extract<SandboxOperation, { type: 'code' }>,
  signal: AbortSignal,
): Promise<OperationResult> {
  const session = `managed-agent-${sessionId}`;
  const kind = language === 'python' ? 'jupyter' : 'nodejs';
  const body = {
    code,
    timeout: Math.ceil(timeoutMs / 1_000),
    session_id: session,
    cwd: workdir,
    ...(language === 'python' ? {} : { stateful: true }),
  };
  try {
    const answer = await api.call('POST', `/v1/${kind}/execute`, executedSchema, body, {
      signal,
      timeoutMs: timeoutMs + SLACK_MS,
    });
    const printed = answer.outputs.map(textOf).join('');
    // The Node runtime tells the same twice: as outputs and as streams.
    const streams = printed === '' ? `${answer.stdout ?? ''}${answer.stderr ?? ''}` : '';
    const isError = answer.status === 'error' || answer.status === 'timeout' || (answer.exit_code ?? 0) !== 0;
    const picture = answer.outputs
      .map(({ data }) => data?.['image/png'])
      .find((data) => typeof data === 'string');
    const text = cutHead(`${printed}${streams}`, outputCharacters);
    return {
      text: answer.status === 'timeout' ? `${text}\nThe code took longer than ${timeoutMs} ms.` : text,
      isError,
      ...(typeof picture === 'string' ? { image: { mediaType: 'image/png', base64: picture } } : {}),
    };
  } catch (error) {
    if (error instanceof AioFailure) return { text: error.message, isError: true };
    if (!signal.aborted) throw error;
    await api.call('DELETE', `/v1/${kind}/sessions/${session}`, z.unknown()).catch(() => undefined);
    return {
      text: 'The code was ended, and with it the variables of its language.',
      isError: true,
      exit: { code: null, endedBy: 'kill' },
    };
  }
}
