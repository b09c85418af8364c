import { isAbsolute, join, resolve } from 'node:path';

import type { OperationResult, SandboxOperation } from '../providers/sandbox/operation.ts';
import type { AsAgent } from './as-agent.ts';
import { editFile } from './files/edit.ts';
import { describeFailure, FileFailure } from './files/failure.ts';
import { readFileOperation } from './files/read.ts';
import { globFiles, grepFiles } from './files/search.ts';
import { writeWholeFile } from './files/write.ts';

/** Operations that are done inside sandboxd, or by a search that ends with it. */
export type FileOperation = Extract<SandboxOperation, { type: 'read' | 'write' | 'edit' | 'glob' | 'grep' }>;

export interface OperationDeps {
  asAgent: AsAgent;
  /** The words before a program that switch to the agent's user. */
  prefix: readonly string[];
  /** Of sandboxd's own programs. */
  environment: Record<string, string>;
  workdir: string;
  home: string;
  outputCharacters: number;
}

const READ_ONLY: ReadonlySet<SandboxOperation['type']> = new Set(['read', 'glob', 'grep']);

/** Whether doing the operation twice is the same as doing it once. */
export function isReadOnly(operation: SandboxOperation): boolean {
  return READ_ONLY.has(operation.type);
}

/** An absolute path from what a model wrote. */
export function resolvePath(deps: Pick<OperationDeps, 'workdir' | 'home'>, path: string): string {
  if (path === '~' || path.startsWith('~/')) return join(deps.home, path.slice(1));
  return isAbsolute(path) ? resolve(path) : resolve(deps.workdir, path);
}

/** Does a file operation. Failures of the operation are results; only a defect of sandboxd rejects. */
export async function performFileOperation(
  deps: OperationDeps,
  operation: FileOperation,
  signal: AbortSignal,
): Promise<OperationResult> {
  const shown = operation.path ?? deps.workdir;
  try {
    if (shown.includes('\0'))
      throw new FileFailure(`cannot ${operation.type}: the path contains a NUL character`);
    const path = resolvePath(deps, shown);
    switch (operation.type) {
      case 'read':
        return await readFileOperation(deps.asAgent, path, shown, operation.range, deps.outputCharacters);
      case 'write': {
        const bytes = deps.asAgent(() => writeWholeFile(path, shown, operation.content));
        return { text: `wrote ${bytes} bytes to ${shown}`, isError: false };
      }
      case 'edit': {
        const count = deps.asAgent(() => editFile(path, shown, operation));
        return { text: `edited ${shown} (${count} replacement${count === 1 ? '' : 's'})`, isError: false };
      }
      case 'glob':
        return await globFiles(
          { ...deps, path, shownPath: shown, pattern: operation.pattern },
          deps.outputCharacters,
          signal,
        );
      case 'grep':
        return await grepFiles(
          { ...deps, path, shownPath: shown, pattern: operation.pattern },
          deps.outputCharacters,
          signal,
        );
    }
  } catch (error) {
    return { text: describeFailure(error, operation.type, shown), isError: true };
  }
}
