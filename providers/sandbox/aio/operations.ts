import type { OperationResult, SandboxOperation } from '../operation.ts';
import { performBrowser } from './browser.ts';
import { performCode } from './code.ts';
import { editFile, globFiles, grepFiles, readFile, writeFile } from './files.ts';
import type { AioOperationDeps } from './operation-deps.ts';
import { performMcp } from './mcp.ts';
import { performProcess } from './processes.ts';

/** Operations that AIO's own endpoints do; commands are the guard's. */
export type HeldOperation = Exclude<SandboxOperation, { type: 'bash' | 'restart' }>;

/** Does an operation through AIO's endpoints. What fails in it is a result; a connection that breaks rejects. */
export async function performHeld(
  deps: AioOperationDeps,
  operation: HeldOperation,
  signal: AbortSignal,
): Promise<OperationResult> {
  switch (operation.type) {
    case 'read':
      return readFile(deps, operation, signal);
    case 'write':
      return writeFile(deps, operation);
    case 'edit':
      return editFile(deps, operation);
    case 'glob':
      return globFiles(deps, operation, signal);
    case 'grep':
      return grepFiles(deps, operation, signal);
    case 'code':
      return performCode(deps, operation, signal);
    case 'process':
      return performProcess(deps, operation.process);
    case 'browser':
      return performBrowser(deps, operation.browser, signal);
    case 'mcp':
      return performMcp(deps, operation.mcp, signal);
  }
}
