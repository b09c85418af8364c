import type { OperationResult } from '../../providers/sandbox/operation.ts';
import type { Holder, Kernels, Language } from './kernels.ts';

/** What a shell says of a program that was ended by SIGKILL. */
const SIGKILL_CODE = 137;

export interface EndedCode {
  language: Language;
  holder: Holder;
  result: OperationResult;
  /** When the code can have begun to run at the earliest, in Unix milliseconds. */
  sinceMs: number;
}

/**
 * Code runs in its kernel, which outlives the call: where the call was ended, what the code started is ended too, and the kernel with it
 * when the code did not let go of it.
 */
export async function endCode(
  kernels: Pick<Kernels, 'end' | 'endStarted'>,
  { language, holder, result, sinceMs }: EndedCode,
): Promise<OperationResult> {
  const { exit } = result;
  if (exit === undefined || exit.endedBy === 'exit') return result;
  if (exit.code !== null && exit.code !== SIGKILL_CODE) {
    await kernels.endStarted(holder, sinceMs);
    return result;
  }
  await kernels.end(holder);
  return { ...result, text: `${result.text}[${language} was ended, and its variables are lost.]\n` };
}
