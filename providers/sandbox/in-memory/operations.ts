import { matchesGlob, relative, resolve } from 'node:path/posix';

import type { EndedBy, OperationResult, SandboxOperation } from '../operation.ts';
import { MEMORY_WORKDIR, type MemorySession } from './session.ts';
import { runShell } from './shell.ts';

type BashOperation = Extract<SandboxOperation, { type: 'bash' }>;

async function runBash(
  session: MemorySession,
  operation: BashOperation,
  cancel: AbortSignal,
): Promise<OperationResult> {
  const signal = AbortSignal.any([cancel, AbortSignal.timeout(operation.timeoutMs)]);
  let text = '';
  let code: number | null = null;
  let endedBy: EndedBy = 'exit';
  try {
    code = await runShell(session, operation.command, signal, (output) => {
      text += output;
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    endedBy = cancel.aborted ? 'kill' : 'timeout';
  }
  return {
    text,
    isError: code !== 0,
    exit: { code, endedBy },
    output: { bytes: Buffer.byteLength(text), path: null },
  };
}

const done = (text: string): OperationResult => ({ text, isError: false });
const refused = (text: string): OperationResult => ({ text, isError: true });

function put(session: MemorySession, path: string, content: string): void {
  session.files.delete(path);
  session.files.set(path, content);
}

/** Does an operation on the double's files, with the same words as sandboxd. */
export async function performInMemory(
  session: MemorySession,
  operation: SandboxOperation,
  cancel: AbortSignal,
): Promise<OperationResult> {
  if (operation.type === 'bash') return runBash(session, operation, cancel);
  if (operation.type === 'restart') {
    session.directory = MEMORY_WORKDIR;
    session.variables.clear();
    return done('The shell was restarted; 0 background processes were ended.');
  }
  if (
    operation.type === 'browser' ||
    operation.type === 'code' ||
    operation.type === 'process' ||
    operation.type === 'mcp'
  ) {
    return refused(`There is no ${operation.type} in this sandbox.`);
  }
  const shown = operation.path ?? MEMORY_WORKDIR;
  const path = resolve(MEMORY_WORKDIR, shown);
  const below = [...session.files].filter(([name]) => name === path || name.startsWith(`${path}/`)).reverse();
  switch (operation.type) {
    case 'read': {
      const text = session.files.get(path);
      if (text === undefined) return refused(`cannot read ${shown}: no such file or directory`);
      if (operation.range === undefined) return done(text);
      const lines = text.split(/(?<=\n)/);
      const [first, last] = operation.range;
      if (first > lines.length)
        return refused(`cannot read ${shown}: it has ${lines.length} lines, view_range starts at ${first}`);
      return done(lines.slice(first - 1, last <= 0 ? undefined : last).join(''));
    }
    case 'write':
      put(session, path, operation.content);
      return done(`wrote ${Buffer.byteLength(operation.content)} bytes to ${shown}`);
    case 'edit': {
      const parts = (session.files.get(path) ?? '').split(operation.oldText);
      const found = parts.length - 1;
      if (found === 0) return refused(`cannot edit ${shown}: old_string does not occur in it`);
      if (found > 1 && operation.occurrences === 'one') {
        return refused(
          `cannot edit ${shown}: old_string occurs ${found} times; make it longer so that it is unique, or set replace_all`,
        );
      }
      put(session, path, parts.join(operation.newText));
      return done(`edited ${shown} (${found} replacement${found === 1 ? '' : 's'})`);
    }
    case 'glob': {
      const names = below
        .map(([name]) => relative(path, name))
        .filter((name) => matchesGlob(name, operation.pattern));
      return done(names.length === 0 ? 'no matches' : names.join('\n'));
    }
    case 'grep': {
      const pattern = new RegExp(operation.pattern);
      const hits = below.flatMap(([name, text]) =>
        text
          .split('\n')
          .flatMap((line, index) => (pattern.test(line) ? [`${name}:${index + 1}:${line}`] : [])),
      );
      return done(hits.length === 0 ? 'no matches' : hits.join('\n'));
    }
  }
}
