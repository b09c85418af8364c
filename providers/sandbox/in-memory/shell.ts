import { resolve } from 'node:path/posix';
import { setTimeout as delay } from 'node:timers/promises';

import type { MemorySession } from './session.ts';

export interface ShellEnd {
  output: string;
  code: number;
}

/** Words, single and double quotes, `$NAME`. */
function wordsOf(session: MemorySession, text: string): string[] {
  const words = text.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  return words.map((word) =>
    word.replace(
      /'([^']*)'|"([^"]*)"|\$(\w+)/g,
      (_whole, single?: string, double?: string, name?: string) => {
        if (single !== undefined) return single;
        if (name !== undefined) return session.variables.get(name) ?? '';
        return (double ?? '').replace(
          /\$(\w+)/g,
          (_variable, inner: string) => session.variables.get(inner) ?? '',
        );
      },
    ),
  );
}

/** Runs one command. Throws the signal's reason when it is aborted while it sleeps. */
async function runOne(
  session: MemorySession,
  text: string,
  signal: AbortSignal,
): Promise<ShellEnd | { exit: number }> {
  const words = wordsOf(session, text);
  const redirect = words.findIndex((word) => word === '>' || word === '>>');
  const target = redirect === -1 ? undefined : resolve(session.directory, words[redirect + 1] ?? '');
  const [program = '', ...rest] = redirect === -1 ? words : words.slice(0, redirect);
  const say = (output: string, code = 0): ShellEnd => {
    if (target === undefined) return { output, code };
    const before = words[redirect] === '>>' ? (session.files.get(target) ?? '') : '';
    session.files.delete(target);
    session.files.set(target, before + output);
    return { output: '', code };
  };
  switch (program) {
    case '':
    case 'true':
      return say('');
    case 'false':
      return say('', 1);
    case 'echo':
      return say(`${rest.join(' ')}\n`);
    case 'pwd':
      return say(`${session.directory}\n`);
    case 'cd':
      session.directory = resolve(session.directory, rest[0] ?? '/home/agent');
      return say('');
    case 'export': {
      const [name = '', ...value] = (rest[0] ?? '').split('=');
      session.variables.set(name, value.join('='));
      return say('');
    }
    case 'sleep':
      await delay(Number(rest[0]) * 1_000, undefined, { signal });
      return say('');
    case 'cat': {
      const content = session.files.get(resolve(session.directory, rest[0] ?? ''));
      return content === undefined ? say(`cat: ${rest[0]}: No such file or directory\n`, 1) : say(content);
    }
    case 'exit':
      return { exit: Number(rest[0] ?? 0) };
    default:
      return say(`bash: line 1: ${program}: command not found\n`, 127);
  }
}

/** Runs a command line of the few words that the double knows, joined by `;` or `&&`. */
export async function runShell(
  session: MemorySession,
  line: string,
  signal: AbortSignal,
  onOutput: (text: string) => void,
): Promise<number> {
  let code = 0;
  for (const part of line.split(';')) {
    for (const text of part.split('&&')) {
      const end = await runOne(session, text.trim(), signal);
      if ('exit' in end) return end.exit;
      onOutput(end.output);
      code = end.code;
      if (code !== 0) break;
    }
  }
  return code;
}
