import type { SandboxDriver, SandboxSpec } from '../providers/sandbox/sandbox.ts';

/** The part of the limit that a preview shows. */
const SHARE = 0.3;

function cut(text: string, length: number): string {
  const part = text.slice(0, length);
  // A cut in the middle of a code point leaves half of it.
  return part.isWellFormed() ? part : part.slice(0, -1);
}

/**
 * Output that is longer than a model should read at once becomes a file in the session's sandbox; what is returned is its beginning and
 * the path.
 */
export async function limitOutput(
  driver: Pick<SandboxDriver, 'open'>,
  call: { spec: SandboxSpec; toolUseId: string },
  text: string,
  limit: number,
): Promise<string> {
  if (text.length <= limit) return text;
  const path = await driver.open(call.spec).files.keepOutput(call.toolUseId, text);
  const shown = cut(text, Math.floor(limit * SHARE));
  return `${shown}\n\n[${text.length} characters in all, shown is the beginning; the whole is saved at ${path}]`;
}
